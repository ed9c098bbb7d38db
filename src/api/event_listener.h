// Being told what a store does, while it does it: for oracles, traces and metrics.
//
// A *span* is one call of a MemoryStore: what it was about, what came of it, how long it took.

#ifndef ENGRAM_API_EVENT_LISTENER_H_
#define ENGRAM_API_EVENT_LISTENER_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "api/tier.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

enum class MutationKind : uint8_t { kStore, kRemove, kUpdateActivation };

enum class Operation : uint8_t {
  kStore,
  kRemove,
  kUpdateActivation,
  kGet,
  kView,
  kContains,
  kIterate,
  kList,
  kRecall,
  kSync,
  kCheckpoint,
  kCompactContent,
  kMigrate,
  kCompactCold,
  kRunMaintenance,
  kBackup,
  kVerify,
  kQuarantine,
};

struct Span {
  Operation operation = Operation::kGet;
  uint64_t id_hash = 0;      // of the id that it was about; 0: of none or several
  std::optional<Tier> tier;  // of a read: in which the memory was found
  // Of a Store that was called for, of a Get or View that found it.
  bool has_content = false;
  uint64_t content_bytes = 0;
  absl::StatusCode outcome = absl::StatusCode::kOk;
  int64_t duration_ns = 0;  // the time of callbacks included
};

// Calls come from whichever thread does the work, several at once, some while locks of the store
// are held: return soon, and never call the store. What it throws is dropped and harms nothing.
class EventListener {
 public:
  virtual ~EventListener() = default;

  // A mutation has got its sequence, on the thread that called the store, before anybody can see
  // its effect and before it can become durable. From here on nothing can refuse it.
  virtual void OnSequenceAssigned(MutationKind /*kind*/, std::string_view /*id*/,
                                  Sequence /*sequence*/) {}
  // Every mutation up to `sequence` is durable.
  virtual void OnDurable(Sequence /*sequence*/) {}
  // A checkpoint of `memories` memories has been named by both superblocks.
  virtual void OnCheckpoint(uint64_t /*memories*/) {}
  // A compaction is done with `extents_done` of the log extents that it has to do. False: it stops
  // here, as after MemoryStore::CancelCompaction. No lock is held that a reader or a writer needs.
  virtual bool OnCompactionProgress(uint64_t /*extents_done*/, uint64_t /*extents_to_do*/) {
    return true;
  }
  // A migration, or a compaction of cold runs, has moved so many memories of the present batch.
  // False: it stops here. No lock is held that a reader or a writer needs.
  virtual bool OnMigrationProgress(uint64_t /*memories_moved*/) { return true; }
  // A Verify or a Quarantine has looked at so many memories, of about so many.
  virtual void OnVerifyProgress(uint64_t /*memories_checked*/, uint64_t /*memories*/) {}
  // A Backup has copied so many bytes.
  virtual void OnBackupProgress(uint64_t /*bytes_done*/, uint64_t /*bytes_to_do*/) {}
  // A call has ended, on the thread that made it; the store's own maintenance, too. No lock is
  // held.
  virtual void OnSpan(const Span& /*span*/) {}
};

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_EVENT_LISTENER_H_
