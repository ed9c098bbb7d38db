// The calls that look at all memories: Iterate, List, Recall.

#include <algorithm>
#include <optional>
#include <utility>

#include "base/status_macros.h"
#include "engine/store_calls.h"
#include "engine/store_sweep.h"
#include "engine/store_walk.h"
#include "engine/tiered_store.h"
#include "engine/validation.h"
#include "recall/best_matches.h"
#include "recall/calibration.h"
#include "recall/similarity.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Entries of a page that are looked at in one epoch.
constexpr size_t kListedEntries = 64;
// A page ends behind the item with which it has so many bytes of content.
constexpr uint64_t kPageContentBytes = 16 * kMiB;

std::string_view IdOf(const Met& met) {
  return met.lookup != nullptr ? met.lookup->record.id : std::string_view();
}

}  // namespace

bool TieredStore::IsIn(std::optional<Tier> tier, const Met& met) const {
  // Nobody can tell where something unknown is.
  return !tier || met.lookup == nullptr || TierOf(*met.lookup) == *tier;
}

absl::Status TieredStore::Iterate(std::optional<Tier> tier,
                                  const std::function<bool(const IterationItem&)>& visit) {
  return Traced(Operation::kIterate, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::Status {
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      absl::Status failure;
      const auto show = [&](Met& met) {
        if (!IsIn(tier, met)) return true;
        IterationItem item{met.status, met.hash, met.last_hash, IdOf(met)};
        if (!item.status.ok()) return visit(item);
        const absl::StatusOr<MemoryView> view = ViewSomewhere(*met.lookup);
        if (view.ok()) {
          item.view = &*view;
        } else if (absl::IsDataLoss(view.status())) {
          item.status = view.status();
        } else {
          failure = view.status();
          return false;
        }
        return visit(item);
      };
      Sweep sweep(*this);
      while (!sweep.is_at_end() && sweep.MeetNextAnew(show)) {
      }
      return failure;
    });
  });
}

absl::StatusOr<Page> TieredStore::List(std::string_view cursor, size_t limit,
                                       std::optional<Tier> tier) {
  return Traced(Operation::kList, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<Page> {
      ENGRAM_RETURN_IF_ERROR(CheckLimit(limit, kPageLimitMax));
      ENGRAM_ASSIGN_OR_RETURN(WalkPosition position, PositionOf(cursor));
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      Page page;
      uint64_t content_bytes = 0;
      absl::Status failure;
      const auto has_room = [&] {
        return failure.ok() && page.items.size() < limit && content_bytes < kPageContentBytes;
      };
      const auto add = [&](Met& met) {
        if (!IsIn(tier, met)) return true;
        PageItem& item = page.items.emplace_back();
        item.status = met.status;
        item.id_hash = met.hash;
        item.id_hash_last = met.last_hash;
        item.memory.id = IdOf(met);
        if (met.status.ok()) {
          const absl::StatusOr<MemoryView> view = ViewSomewhere(*met.lookup);
          if (view.ok()) {
            item.memory = view->Copy();
            item.sequence = view->sequence;
            item.tier = view->tier;
          } else if (absl::IsDataLoss(view.status())) {
            item.status = view.status();
          } else {
            failure = view.status();
          }
        }
        if (item.memory.content) content_bytes += item.memory.content->size();
        return has_room();
      };
      Walk walk(*this, std::move(position));
      while (has_room() && !walk.is_at_end()) {
        const Call inside(*this);
        walk.MeetNext(std::min(kListedEntries, limit - page.items.size()), add);
      }
      ENGRAM_RETURN_IF_ERROR(failure);
      if (!walk.is_at_end()) page.cursor = CursorOf(walk.position());
      return page;
    });
  });
}

absl::StatusOr<RecallResult> TieredStore::Recall(std::span<const float> cue,
                                                 const RecallOptions& options) {
  return Traced(Operation::kRecall, {}, [&](Span&) {
    return WithoutExceptions([&]() -> absl::StatusOr<RecallResult> {
      ENGRAM_RETURN_IF_ERROR(CheckEmbedding(cue));
      ENGRAM_RETURN_IF_ERROR(CheckRecall(options));
      const LongCall call(*this);
      ENGRAM_RETURN_IF_ERROR(call.status());
      const recall::Cue prepared{recall::Embedding(cue)};
      recall::BestMatches best(options.threshold, options.limit);
      RecallResult result;
      absl::Status failure;
      const auto note_damage = [&](const Met& met, const absl::Status& status) {
        result.damaged.push_back(
            {std::string(IdOf(met)), met.hash, met.last_hash, std::string(status.message())});
        return true;
      };
      const auto compare = [&](Met& met) {
        if (!IsIn(options.tier, met)) return true;
        if (!met.status.ok()) return note_damage(met, met.status);
        Lookup& lookup = *met.lookup;
        auto embedding = EmbeddingOf(lookup);
        if (absl::IsDataLoss(embedding.status()) && CopyInto(lookup.entry, lookup)) {
          embedding = EmbeddingOf(lookup);
        }
        if (absl::IsDataLoss(embedding.status())) return note_damage(met, embedding.status());
        if (!embedding.ok()) {
          failure = embedding.status();
          return false;
        }
        ++result.examined;
        const double score = prepared.ScoreOf(*embedding);
        if (!best.Wants(score, lookup.record.id)) return true;
        const format::Record& record = lookup.record.record;
        const Tier tier = TierOf(lookup);
        best.Add({.id = std::string(lookup.record.id),
                  .score = score,
                  .confidence =
                      options.calibrate_at
                          ? recall::CalibratedConfidence(record.confidence, tier,
                                                         record.last_access, *options.calibrate_at)
                          : record.confidence,
                  .tier = tier,
                  .sequence = record.sequence});
        return true;
      };
      Sweep sweep(*this);
      for (bool goes_on = true; goes_on && !sweep.is_at_end();) {
        const Call inside(*this);
        goes_on = sweep.MeetNext(compare);
      }
      ENGRAM_RETURN_IF_ERROR(failure);
      result.matches = best.Take();
      std::sort(result.damaged.begin(), result.damaged.end(),
                [](const DamagedMemory& a, const DamagedMemory& b) {
                  return a.id_hash != b.id_hash ? a.id_hash < b.id_hash : a.id < b.id;
                });
      return result;
    });
  });
}

}  // namespace engram::inline ENGRAM_BODY::engine
