// Decompressors that readers borrow one after the other: making one costs many times as much as
// decompressing a short text.

#ifndef ENGRAM_COLD_DECOMPRESSORS_H_
#define ENGRAM_COLD_DECOMPRESSORS_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "base/body.h"
#include "format/cold_content.h"
#include "sync/mutex.h"

namespace engram::inline ENGRAM_BODY::cold {

// Thread safety: thread-safe. Ownership: must outlive what is borrowed.
class Decompressors {
 public:
  using Decompressor = std::unique_ptr<format::ContentDecompressor>;

  // One that is nobody else's; given back by the destructor.
  class Borrowed {
   public:
    explicit Borrowed(Decompressors& owner) : owner_(owner), decompressor_(owner.Take()) {}
    ~Borrowed() { owner_.GiveBack(std::move(decompressor_)); }
    Borrowed(const Borrowed&) = delete;
    Borrowed& operator=(const Borrowed&) = delete;

    format::ContentDecompressor* operator->() const { return decompressor_.get(); }

   private:
    Decompressors& owner_;
    Decompressor decompressor_;
  };

  Decompressors() { idle_.reserve(kIdleMax); }

 private:
  // More are destroyed when they are given back: each takes some 100 KB.
  static constexpr size_t kIdleMax = 16;

  // May throw std::bad_alloc.
  Decompressor Take() ENGRAM_EXCLUDES(mutex_) {
    {
      sync::MutexLock lock(mutex_);
      if (!idle_.empty()) {
        Decompressor taken = std::move(idle_.back());
        idle_.pop_back();
        return taken;
      }
    }
    return std::make_unique<format::ContentDecompressor>();
  }
  void GiveBack(Decompressor given) ENGRAM_EXCLUDES(mutex_) {
    sync::MutexLock lock(mutex_);
    if (idle_.size() < kIdleMax) idle_.push_back(std::move(given));  // reserved: cannot fail
  }

  sync::Mutex mutex_;  // held for taking and giving back alone
  std::vector<Decompressor> idle_ ENGRAM_GUARDED_BY(mutex_);
};

}  // namespace engram::inline ENGRAM_BODY::cold

#endif  // ENGRAM_COLD_DECOMPRESSORS_H_
