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

// ---- The walk.

void TieredStore::Walk::Fetch(size_t entries_max) {
  WalkIndex(*store_.parts_->index, position_.hash, entries_max, stretch_);
  next_hole_ = 0;
  for (size_t i = 0; i < std::min(kPrefetchedEntries, stretch_.entries.size()); ++i) {
    store_.Prefetch(stretch_.entries[i]);
  }
}

bool TieredStore::Walk::MeetAsFetched(Visit visit) {
  return MeetEach(visit,
                  [&](uint64_t hash, Entries entries) { return MeetHash(hash, entries, visit); });
}

bool TieredStore::Walk::MeetAnew(Visit visit) {
  return MeetEach(visit, [&](uint64_t hash, Entries) { return MeetHashAnew(hash, visit); });
}

bool TieredStore::Walk::MeetEach(Visit visit, absl::FunctionRef<bool(uint64_t, Entries)> meet) {
  const Entries entries(stretch_.entries);
  for (size_t begin = 0; begin < entries.size();) {
    const uint64_t hash = entries[begin].hash;
    size_t end = begin;
    for (; end < entries.size() && entries[end].hash == hash; ++end) {
      if (end + kPrefetchedEntries < entries.size()) {
        store_.Prefetch(entries[end + kPrefetchedEntries]);
      }
    }
    if (!MeetHoles(hash, visit)) return false;
    if (hash > position_.hash) {
      position_.hash = hash;
      position_.id.clear();
    }
    if (!meet(hash, entries.subspan(begin, end - begin))) return false;
    begin = end;
  }
  if (!MeetHoles(stretch_.last, visit)) return false;
  GoBehind(stretch_.last);
  return true;
}

// Those that begin at hashes up to this one, and have not been met as a part of a larger one.
bool TieredStore::Walk::MeetHoles(uint64_t up_to, Visit visit) {
  for (; next_hole_ < stretch_.holes.size() && stretch_.holes[next_hole_].first <= up_to;
       ++next_hole_) {
    const IndexHole& hole = stretch_.holes[next_hole_];
    if (hole.last <= position_.told_until) continue;
    position_.told_until = hole.last;
    if (hole.first > position_.hash) {
      position_.hash = hole.first;
      position_.id.clear();
    }
    Met met{hole.damage, hole.first, hole.last};
    if (!visit(met)) return false;
  }
  return true;
}

bool TieredStore::Walk::MeetHash(uint64_t hash, Entries entries, Visit visit) {
  Decode(hash, entries, *stretch_.checkpoint);
  for (size_t i = FirstLeft(); i < memories_.size(); ++i) {
    if (MeetMemory(hash, memories_[i], visit)) continue;
    position_.id = memories_[i].record.id;
    return false;
  }
  return MeetUnreadable(hash, visit);
}

bool TieredStore::Walk::MeetHashAnew(uint64_t hash, Visit visit) {
  for (;;) {
    const Call inside(store_);
    Candidates found;
    store_.parts_->index->FindInDelta(hash, found);
    store_.parts_->index->FindInCheckpoint(hash, found);
    if (!found.damage.ok() && position_.told_until < hash) {
      // It was not, when the stretch was fetched.
      position_.told_until = hash;
      Met met{found.damage, hash, hash};
      if (!visit(met)) return false;
      continue;
    }
    Decode(hash, found.entries, *found.checkpoint);
    const size_t left = FirstLeft();
    if (left == memories_.size()) return MeetUnreadable(hash, visit);
    const bool is_alone = found.entries.size() == 1;
    if (!is_alone) position_.id = memories_[left].record.id;
    if (!MeetMemory(hash, memories_[left], visit)) return false;
    if (is_alone) return true;
  }
}

void TieredStore::Walk::Decode(uint64_t hash, Entries entries,
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

size_t TieredStore::Walk::FirstLeft() const {
  size_t first = 0;
  while (!position_.id.empty() && first < memories_.size() &&
         memories_[first].record.id <= position_.id) {
    ++first;
  }
  return first;
}

bool TieredStore::Walk::MeetMemory(uint64_t hash, Lookup& lookup, Visit visit) {
  Met met{lookup.damage, hash, hash, &lookup};
  return visit(met);
}

bool TieredStore::Walk::MeetUnreadable(uint64_t hash, Visit visit) {
  if (unreadable_.ok()) return true;
  Met met{std::move(unreadable_), hash, hash};
  if (visit(met)) return true;
  GoBehind(hash);
  return false;
}

void TieredStore::Walk::GoBehind(uint64_t hash) {
  position_.at_end = hash == UINT64_MAX;
  position_.hash = hash + 1;
  position_.id.clear();
}

}  // namespace engram::inline ENGRAM_BODY::engine
