// A migration: moves memories between their two durable homes, a slot with a record in the log
// (warm) and a row of a run of cold ones; and cold ones into new runs. Part of TieredStore; not for
// others.
//
// It is a compaction's move. What the target says is written first; a run of cold memories is also
// synced before anything names it. Then, memory by memory: under the id's stripe the index is asked
// again, and only if it still names the place that was read, an entry is appended to the log -
// kMove to a row, kRelocated to a slot - and the index switched, with the same sequence. The stripe
// is held from that look to the change of the index, so no mutation comes between, and for nothing
// longer. After it the old home is given up: slot and blob are released as those of a replaced
// memory are, rows by accounting alone.
//
// A batch is what one run holds, or a bounded number of memories on the way back. The checkpoint's
// mutex is held throughout: no cut sees a run without its moves, and no compaction comes between.
// No reader or writer ever waits for that mutex. A crash, an error or an exception at any point
// leaves each memory where the index says; a run that nothing names is free.

#ifndef ENGRAM_ENGINE_MIGRATION_H_
#define ENGRAM_ENGINE_MIGRATION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/reports.h"
#include "api/tier.h"
#include "base/body.h"
#include "cold/run_builder.h"
#include "engine/space.h"
#include "engine/tiered_store.h"
#include "format/log_entry.h"

namespace engram::inline ENGRAM_BODY::engine {

// Thread safety: confined to one thread, for one batch at a time. Ownership: the store must outlive
// it, and stay open.
class TieredStore::Migration {
 public:
  explicit Migration(TieredStore& store);
  Migration(const Migration&) = delete;
  Migration& operator=(const Migration&) = delete;

  // Moves `ids` from `next` on, as many as one batch may have, and sets `next` behind them.
  absl::Status MakeCold(std::span<const std::string> ids, size_t& next)
      ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  // `to` is kHot or kWarm: the home is the same, and kHot holds a copy besides, whatever the
  // activation is.
  absl::Status MakeWarm(std::span<const std::string> ids, Tier to, size_t& next)
      ENGRAM_REQUIRES(store_.checkpoint_mutex_);

  // Runs that are worth rewriting.
  std::vector<ColdRunUse> WastefulRuns() const;
  // Moves live rows of `runs` from row `row` of run `next` on, as many as one new run holds, and
  // sets both behind them.
  absl::Status Rewrite(std::span<const ColdRunUse> runs, size_t& next, uint32_t& row)
      ENGRAM_REQUIRES(store_.checkpoint_mutex_);
  // What a batch leaves to do: releases that became many, a checkpoint that became due.
  absl::Status KeepHouse(bool wants_checkpoint) ENGRAM_REQUIRES(store_.checkpoint_mutex_);

  const MigrationStats& stats() const { return stats_; }
  // The listener has said so, or Close.
  bool is_stopped() const { return is_stopped_ || store_.IsStopping(); }

 private:
  // A memory whose value is in the builder.
  struct Gathered {
    Delta from;  // its home when it was read
    std::string id;
    std::optional<format::ReleasedBlob> blob;
  };
  // What came of a memory that was looked at.
  enum class Found : uint8_t { kTaken, kNotTaken, kFull };

  void TellProgress();
  void MakeRoomForOne();
  absl::StatusOr<Found> Gather(const std::string& id);
  absl::StatusOr<Found> GatherRow(const ColdRunUse& run, uint32_t number);
  absl::Status WriteRun();
  absl::Status WriteAndMove(const ColdRunUse& run);
  absl::Status MoveToRow(const Gathered& memory, const ColdRunUse& run, uint32_t number);
  absl::Status AppendMove(const Gathered& memory, const format::MoveTarget& target,
                          LogNumber& number);
  absl::Status MakeOneWarm(const std::string& id, Tier to);
  absl::Status MoveToSlot(const Lookup& lookup, const Value& value, const Taken& taken,
                          bool& is_moved);
  // Holds a copy, or drops it, of a memory whose home is warm. False: it did already.
  bool HoldCopy(Lookup& lookup, Tier to);
  absl::Status AppendRelocated(const Lookup& lookup, const format::Record& record, Delta& moved);
  // The index still names this home. REQUIRES: the stripe of its hash is held.
  bool IsCurrent(const Delta& home);
  sync::Mutex& StripeOf(uint64_t hash) const;

  TieredStore& store_;
  Space& space_;
  cold::RunBuilder builder_;
  std::vector<Gathered> gathered_;  // what the builder has, in the order of adding
  std::set<uint64_t> sequences_;    // of what it has
  uint64_t moved_to_run_ = 0;       // since the run was taken
  bool is_stopped_ = false;
  int64_t longest_pause_ns_ = 0;
  MigrationStats stats_;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_MIGRATION_H_
