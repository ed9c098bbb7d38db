// One stretch: the changes of a shard, merged with the buckets of the checkpoint.

#include "engine/index_walk.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "format/checkpoint_pages.h"

namespace engram::inline ENGRAM_BODY::engine {
namespace {

// Takes buckets in order, as long as they may have something of the stretch.
class BucketWalk {
 public:
  BucketWalk(uint64_t from, const Changes& changes, Stretch& stretch)
      : place_(changes.checkpoint->place()),
        changes_(changes),
        stretch_(stretch),
        from_(from),
        last_seen_(from) {}

  void Run() {
    if (place_.home_buckets > 0) {
      const uint64_t last_home = format::HomeBucket(stretch_.last, place_.home_buckets);
      for (uint64_t number = format::HomeBucket(from_, place_.home_buckets);
           number < place_.buckets && (Take(number) || number < last_home); ++number) {
      }
    }
    stretch_.entries.insert(stretch_.entries.end(),
                            changes_.entries.begin() + static_cast<ptrdiff_t>(next_change_),
                            changes_.entries.end());
  }

 private:
  // False: if nothing more is at home behind it, nothing of the stretch is.
  bool Take(uint64_t number) {
    const auto bucket = changes_.checkpoint->BucketAt(number);
    // One that begins before the last one ends is not to be believed, either.
    if (!bucket.ok()) return TakeDamaged(number, bucket.status());
    const uint32_t count = format::BucketCount(*bucket);
    if (count > 0 && format::BucketHashAt(*bucket, 0) < last_in_bucket_) {
      return TakeDamaged(number,
                         absl::DataLossError(absl::StrCat("checkpoint bucket ", number,
                                                          ": its entries are out of order")));
    }
    for (uint32_t i = 0; i < count; ++i) {
      last_in_bucket_ = format::BucketHashAt(*bucket, i);
      TakeEntry(*bucket, i);
    }
    const bool is_full = count == format::kBucketEntriesMax;
    if (is_full) {
      last_seen_ = std::max(last_seen_, last_in_bucket_);
    } else if (number + 1 < place_.home_buckets) {
      last_seen_ = std::max(last_seen_, format::FirstHashAtHome(number + 1, place_.home_buckets));
    }
    return is_full && last_in_bucket_ <= stretch_.last;
  }

  bool TakeDamaged(uint64_t number, absl::Status damage) {
    hidden_until_ = LastHashOfBucket(place_, number);
    // What the full bucket before it ended with may go on in it.
    if (last_seen_ <= stretch_.last && last_seen_ <= hidden_until_) {
      stretch_.holes.push_back({last_seen_, hidden_until_, std::move(damage)});
    }
    return false;
  }

  void TakeEntry(std::span<const std::byte, format::kBucketBytes> bucket, uint32_t i) {
    const uint64_t hash = last_in_bucket_;
    // Of an entry whose home is damaged, or a bucket between, a search does not get so far.
    if (hash < from_ || hash > stretch_.last || hash <= hidden_until_) return;
    const format::IndexEntry entry = format::BucketEntryAt(bucket, i);
    TakeChangesBelow(hash);
    for (size_t k = next_change_; k < changes_.entries.size() && changes_.entries[k].hash == hash;
         ++k) {
      if (changes_.entries[k].supersedes == entry.sequence) return;
    }
    stretch_.entries.push_back(ToDelta(entry));
  }

  void TakeChangesBelow(uint64_t hash) {
    for (; next_change_ < changes_.entries.size() && changes_.entries[next_change_].hash < hash;
         ++next_change_) {
      stretch_.entries.push_back(changes_.entries[next_change_]);
    }
  }

  const CheckpointPlace& place_;
  const Changes& changes_;
  Stretch& stretch_;
  const uint64_t from_;
  uint64_t last_in_bucket_ = 0;
  uint64_t last_seen_;         // no hash before it can be in the buckets that follow
  uint64_t hidden_until_ = 0;  // searches up to this hash come to a damaged bucket
  size_t next_change_ = 0;
};

}  // namespace

void WalkIndex(const Index& index, uint64_t from, size_t entries_max, Stretch& stretch) {
  Changes changes;
  index.ChangesFrom(from, entries_max, changes);
  stretch.entries.clear();
  stretch.holes.clear();
  stretch.last = changes.last;
  stretch.checkpoint = changes.checkpoint;
  BucketWalk(from, changes, stretch).Run();
  for (const format::Loss& loss : changes.checkpoint->losses()) {
    if (loss.last_hash < from || loss.first_hash > stretch.last) continue;
    stretch.holes.push_back(
        {std::max(loss.first_hash, from), loss.last_hash,
         absl::DataLossError(absl::StrCat("memories with hashes from ", loss.first_hash, " to ",
                                          loss.last_hash, " may have changed before sequence ",
                                          loss.before.value, ", by what is not readable"))});
  }
  std::sort(stretch.holes.begin(), stretch.holes.end(), [](const IndexHole& a, const IndexHole& b) {
    return a.first != b.first ? a.first < b.first : a.last < b.last;
  });
}

}  // namespace engram::inline ENGRAM_BODY::engine
