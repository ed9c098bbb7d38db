// What brackets a call of the store: the right to use its parts, and to do what one at a time may
// do; exceptions turned into errors; the locks of all stripes; room that has no owner yet. Part of
// tiered_store_*.cc; not for others.

#ifndef ENGRAM_ENGINE_STORE_CALLS_H_
#define ENGRAM_ENGINE_STORE_CALLS_H_

#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/event_listener.h"
#include "base/body.h"
#include "engine/tiered_store.h"
#include "format/log_entry.h"
#include "sync/atomic.h"
#include "sync/epoch.h"
#include "sync/mutex.h"
#include "sync/thread.h"

namespace engram::inline ENGRAM_BODY::engine {

// Runs `call`; an allocation that fails inside becomes RESOURCE_EXHAUSTED, in words if there is
// memory for them.
template <typename Function>
auto WithoutExceptions(const Function& call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    // Said below, in words if there is memory for them.
  }
  try {
    return absl::ResourceExhaustedError("there is no memory for this call; nothing has happened");
  } catch (const std::bad_alloc&) {
    return absl::Status(absl::StatusCode::kResourceExhausted, "");
  }
}

// A short call: inside of an epoch.
class TieredStore::Call {
 public:
  explicit Call(const TieredStore& store)
      : guard_(store.epoch_), is_open_(!store.closed_.Load(std::memory_order_seq_cst)) {}

  // FAILED_PRECONDITION: the store is closed.
  absl::Status status() const {
    return is_open_ ? absl::OkStatus()
                    : absl::FailedPreconditionError("the store is closed; open it again");
  }

 private:
  const sync::Epoch::Guard guard_;
  const bool is_open_;
};

// A call that may take long, and must not hold up what waits for epochs.
class TieredStore::LongCall {
 public:
  explicit LongCall(const TieredStore& store) : store_(const_cast<TieredStore&>(store)) {
    sync::MutexLock lock(store_.lifecycle_mutex_);
    is_open_ = !store_.closed_.Load(std::memory_order_seq_cst);
    if (is_open_) ++store_.long_calls_;
  }
  ~LongCall() {
    if (!is_open_) return;
    sync::MutexLock lock(store_.lifecycle_mutex_);
    --store_.long_calls_;
  }
  LongCall(const LongCall&) = delete;
  LongCall& operator=(const LongCall&) = delete;

  bool is_open() const { return is_open_; }
  absl::Status status() const {
    return is_open_ ? absl::OkStatus()
                    : absl::FailedPreconditionError("the store is closed; open it again");
  }

 private:
  TieredStore& store_;
  bool is_open_ = false;
};

// A call that may take long and stops soon once stop_requested_: Close waits for it.
class TieredStore::StoppableCall {
 public:
  explicit StoppableCall(TieredStore& store) : store_(store) {
    sync::MutexLock lock(store_.lifecycle_mutex_);
    is_open_ = !store_.closed_.Load(std::memory_order_seq_cst);
    if (is_open_) ++store_.stoppable_calls_;
  }
  ~StoppableCall() {
    if (!is_open_) return;
    sync::MutexLock lock(store_.lifecycle_mutex_);
    if (--store_.stoppable_calls_ == 0) store_.stopped_.NotifyAll();
  }
  StoppableCall(const StoppableCall&) = delete;
  StoppableCall& operator=(const StoppableCall&) = delete;

  absl::Status status() const {
    return is_open_ ? absl::OkStatus()
                    : absl::FailedPreconditionError("the store is closed; open it again");
  }

 private:
  TieredStore& store_;
  bool is_open_ = false;
};

inline absl::StatusCode OutcomeOf(const absl::Status& status) { return status.code(); }
template <typename Value>
absl::StatusCode OutcomeOf(const absl::StatusOr<Value>& value) {
  return value.status().code();
}

// Makes a call, `call(span)`, and tells the listener of it.
template <typename Function>
auto TieredStore::Traced(Operation operation, std::string_view id, const Function& call)
    -> decltype(call(std::declval<Span&>())) {
  Span span;
  span.operation = operation;
  if (options_.listener == nullptr) return call(span);
  const int64_t began_ns = sync::MonotonicNs();
  auto result = call(span);
  span.id_hash = id.empty() ? 0 : format::IdHash(id);
  span.outcome = OutcomeOf(result);
  span.duration_ns = sync::MonotonicNs() - began_ns;
  try {
    options_.listener->OnSpan(span);
  } catch (...) {
    // The listener's affair.
  }
  return result;
}

// The right to do what one at a time may do.
class Turn {
 public:
  explicit Turn(sync::Atomic<bool>& is_taken)
      : is_taken_(is_taken), is_mine_(!is_taken.Exchange(true, std::memory_order_acquire)) {}
  ~Turn() {
    if (is_mine_) is_taken_.Store(false, std::memory_order_release);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  bool is_mine() const { return is_mine_; }

 private:
  sync::Atomic<bool>& is_taken_;  // acquire and release: partners of each other in here
  const bool is_mine_;
};

// Holds the locks of all stripes: no mutation is under way.
class TieredStore::AllStripes {
 public:
  explicit AllStripes(TieredStore& store) ENGRAM_NO_THREAD_SAFETY_ANALYSIS : store_(store) {
    for (uint32_t i = 0; i < store_.options_.concurrency; ++i) store_.stripes_[i].Lock();
  }
  ~AllStripes() ENGRAM_NO_THREAD_SAFETY_ANALYSIS {
    for (uint32_t i = store_.options_.concurrency; i > 0; --i) store_.stripes_[i - 1].Unlock();
  }
  AllStripes(const AllStripes&) = delete;
  AllStripes& operator=(const AllStripes&) = delete;

 private:
  TieredStore& store_;
};

// Room taken for a memory that is not visible yet.
struct TieredStore::Taken {
  SlotIndex slot = kNoSlot;
  uint64_t embedding_hash = 0;
  std::optional<format::BlobPlace> blob;
  uint64_t blob_bytes = 0;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_STORE_CALLS_H_
