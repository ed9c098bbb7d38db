// Meeting hash after hash; positions as texts.

#include "engine/store_walk.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "base/checksum.h"
#include "base/coding.h"
#include "engine/store_calls.h"
#include "engine/validation.h"
#include "format/geometry.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// How many entries before a memory is read its bytes are asked for.
constexpr size_t kPrefetchedEntries = 8;

// A cursor is the base64 of: checksum (4 bytes, seeded with the version), hash, told_until (8 bytes
// each), id.
constexpr uint64_t kCursorVersion = 1;
constexpr size_t kCursorHeaderBytes = 20;

uint32_t CursorChecksum(std::string_view covered) {
  return static_cast<uint32_t>(Checksum(std::as_bytes(std::span(covered)), kCursorVersion));
}

}  // namespace

// ---- Cursors.

std::string CursorOf(const WalkPosition& position) {
  std::string bytes(kCursorHeaderBytes, 0);
  const auto at = [&](size_t offset) { return reinterpret_cast<std::byte*>(&bytes[offset]); };
  StoreLittleEndian(at(4), position.hash);
  StoreLittleEndian(at(12), position.told_until);
  bytes += position.id;
  StoreLittleEndian(at(0), CursorChecksum(std::string_view(bytes).substr(4)));
  return absl::WebSafeBase64Escape(bytes);
}

absl::StatusOr<WalkPosition> PositionOf(std::string_view cursor) {
  WalkPosition position;
  if (cursor.empty()) return position;
  std::string bytes;
  const bool is_base64 =
      absl::WebSafeBase64Unescape(absl::string_view(cursor.data(), cursor.size()), &bytes);
  const std::string_view view(bytes);
  const auto* const at = reinterpret_cast<const std::byte*>(bytes.data());
  if (!is_base64 || bytes.size() < kCursorHeaderBytes ||
      LoadLittleEndian<uint32_t>(at) != CursorChecksum(view.substr(4))) {
    return absl::InvalidArgumentError("this cursor was not given out by List");
  }
  position.hash = LoadLittleEndian<uint64_t>(at + 4);
  position.told_until = LoadLittleEndian<uint64_t>(at + 12);
  position.id = view.substr(kCursorHeaderBytes);
  return position;
}

// ---- One hash.

void TieredStore::HashGroup::Decode(uint64_t hash, std::span<const Delta> entries,
                                    const engine::Checkpoint& checkpoint) {
  memories_.clear();
  unreadable_ = absl::OkStatus();
  for (const Delta& entry : entries) {
    Lookup& lookup = memories_.emplace_back();
    const bool is_intact = store_.DecodeInto(entry, lookup) || store_.CopyInto(entry, lookup);
    // A removal that cannot be read hides whether the memory is there.
    if (!is_intact) unreadable_ = std::move(lookup.damage);
    if (!is_intact || entry.is_removal()) {
      memories_.pop_back();
    } else {
      HeedLosses(checkpoint, hash, lookup);
    }
  }
  if (memories_.size() > 1) {
    std::sort(memories_.begin(), memories_.end(),
              [](const Lookup& a, const Lookup& b) { return a.record.id < b.record.id; });
  }
}

size_t TieredStore::HashGroup::FirstBehind(std::string_view id) const {
  size_t first = 0;
  while (first < memories_.size() && memories_[first].record.id <= id) ++first;
  return first;
}

// ---- The walk.

void TieredStore::Walk::MeetNext(size_t entries_max, VisitMet visit) {
  WalkIndex(*store_.parts_->index, position_.hash, entries_max, stretch_);
  next_hole_ = 0;
  const std::span<const Delta> entries(stretch_.entries);
  for (size_t begin = 0; begin < entries.size();) {
    const uint64_t hash = entries[begin].hash;
    size_t end = begin;
    for (; end < entries.size() && entries[end].hash == hash; ++end) {
      if (end + kPrefetchedEntries < entries.size()) {
        store_.PrefetchRecord(entries[end + kPrefetchedEntries]);
        store_.PrefetchEmbedding(entries[end + kPrefetchedEntries]);
      }
    }
    if (!MeetHoles(hash, visit)) return;
    GoTo(hash);
    if (!MeetHash(hash, entries.subspan(begin, end - begin), visit)) return;
    begin = end;
  }
  if (MeetHoles(stretch_.last, visit)) GoBehind(stretch_.last);
}

// Those that begin at hashes up to this one, and have not been met as a part of a larger one.
bool TieredStore::Walk::MeetHoles(uint64_t up_to, VisitMet visit) {
  for (; next_hole_ < stretch_.holes.size() && stretch_.holes[next_hole_].first <= up_to;
       ++next_hole_) {
    const IndexHole& hole = stretch_.holes[next_hole_];
    if (hole.last <= position_.told_until) continue;
    position_.told_until = hole.last;
    GoTo(hole.first);
    Met met{hole.damage, hole.first, hole.last};
    if (!visit(met)) return false;
  }
  return true;
}

bool TieredStore::Walk::MeetHash(uint64_t hash, std::span<const Delta> entries, VisitMet visit) {
  group_.Decode(hash, entries, *stretch_.checkpoint);
  std::vector<Lookup>& memories = group_.memories();
  for (size_t i = group_.FirstBehind(position_.id); i < memories.size(); ++i) {
    Met met{memories[i].damage, hash, hash, &memories[i]};
    if (visit(met)) continue;
    position_.id = memories[i].record.id;
    return false;
  }
  if (group_.unreadable().ok()) return true;
  Met met{group_.unreadable(), hash, hash};
  if (visit(met)) return true;
  GoBehind(hash);
  return false;
}

void TieredStore::Walk::GoTo(uint64_t hash) {
  if (hash <= position_.hash) return;
  position_.hash = hash;
  position_.id.clear();
}

void TieredStore::Walk::GoBehind(uint64_t hash) {
  position_.at_end = hash == UINT64_MAX;
  position_.hash = hash + 1;
  position_.id.clear();
}

}  // namespace engram::inline ENGRAM_BODY::engine
