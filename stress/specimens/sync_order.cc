// Specimen "sync_order": a durable store whose header is written in the same sync as the records it
// vouches for. And its twin, which syncs twice.
//
// One file. Page 0 is the header {incarnation, how many records there are}; each page behind it
// holds one record. Records are collected in RAM; Sync writes them and the header. Recovery
// believes the header.
//
// Believed: the header is written last, so when it is on the disk, the records are too; the fsync
// flushes both anyway, and a second one would halve the number of commits a second. Each page is
// small enough to be written as a whole.
//
// Wrong: nothing orders two writes within one sync. When the power fails before it returns, the
// header may be on the disk and a record it counts may not: an older mutation is lost and a younger
// one is there - a mixed state that the store never had.
//
// Right (the twin): the records are synced before the header is written. The header is one sector,
// old or new as a whole, and everything that either names is durable before it is written. Recovery
// raises the incarnation and syncs before it shows anything, because after a kill the page cache
// holds what the disk may not.

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/units.h"
#include "io/file_system.h"
#include "stress/specimens/designs.h"
#include "sync/mutex.h"

namespace engram::specimens {
namespace {

constexpr uint64_t kRecordsMax = 8;
constexpr uint64_t kSequencesPerIncarnation = 1000;
constexpr uint64_t kFileBytes = (1 + kRecordsMax) * io::kPageBytes;

struct Header {
  uint64_t incarnation = 0;  // how often the store was opened
  uint64_t records = 0;
};

struct Record {
  uint64_t sequence = 0;  // 0: nothing was written here
  std::array<char, 8> id{};
  std::array<char, 8> text{};
};

template <typename Value>
absl::Status ReadPage(io::File& file, uint64_t page, Value& value) {
  return io::ReadFully(file, FileOffset{page * io::kPageBytes},
                       std::as_writable_bytes(std::span(&value, 1)));
}

template <typename Value>
absl::Status WritePage(io::File& file, uint64_t page, const Value& value) {
  return io::WriteFully(file, FileOffset{page * io::kPageBytes},
                        std::as_bytes(std::span(&value, 1)));
}

enum class Order { kHeaderInSameSync, kHeaderAfterSync };

class SyncOrder final : public SpecimenStore {
 public:
  static OpenedSpecimen Open(io::FileSystem& file_system, Order order) {
    std::unique_ptr<SyncOrder> store(new SyncOrder(order));
    ENGRAM_RETURN_IF_ERROR(store->OpenFile(file_system));
    ENGRAM_RETURN_IF_ERROR(store->RecoverRecords());
    return store;
  }

  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::MutexLock lock(lock_);
    if (header_.records + pending_.size() == kRecordsMax) return Rejected();
    Record record;
    record.sequence = header_.incarnation * kSequencesPerIncarnation + ++counter_;
    std::copy(id.begin(), id.end(), record.id.begin());
    std::copy(text.begin(), text.end(), record.text.begin());
    assigned(Sequence{record.sequence});
    pending_.push_back(record);
    texts_[id] = AnswerOf(record);
    return Answer{.sequence = Sequence{record.sequence}};
  }

  Answer Get(const std::string& id) override {
    sync::MutexLock lock(lock_);
    const auto found = texts_.find(id);
    return found == texts_.end() ? Absent() : found->second;
  }

  Answer Sync() override {
    sync::MutexLock lock(lock_);
    return WriteOut().ok() ? Answer{} : Rejected();
  }

  std::vector<std::pair<std::string, Answer>> All() override {
    sync::MutexLock lock(lock_);
    return {texts_.begin(), texts_.end()};
  }

 private:
  explicit SyncOrder(Order order) : order_(order) {}

  static Answer AnswerOf(const Record& record) {
    return Answer{.sequence = Sequence{record.sequence}, .text = record.text.data()};
  }

  absl::Status OpenFile(io::FileSystem& file_system) {
    ENGRAM_ASSIGN_OR_RETURN(const bool exists, file_system.Exists("store"));
    ENGRAM_ASSIGN_OR_RETURN(file_, file_system.Open("store", exists ? io::OpenMode::kReadWrite
                                                                    : io::OpenMode::kCreateNew));
    // Again after a crash: the creation may not have come this far.
    ENGRAM_RETURN_IF_ERROR(file_->Truncate(kFileBytes));
    return file_system.SyncDirectoryOf("store");
  }

  // Reads what the header vouches for. The sync makes durable what is shown.
  absl::Status RecoverRecords() {
    sync::MutexLock lock(lock_);
    ENGRAM_RETURN_IF_ERROR(ReadPage(*file_, 0, header_));
    ++header_.incarnation;
    ENGRAM_RETURN_IF_ERROR(WritePage(*file_, 0, header_));
    ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    for (uint64_t i = 0; i < header_.records; ++i) {
      Record record;
      ENGRAM_RETURN_IF_ERROR(ReadPage(*file_, 1 + i, record));
      if (record.sequence == 0) continue;  // an empty page holds nothing
      texts_[record.id.data()] = AnswerOf(record);
    }
    return absl::OkStatus();
  }

  absl::Status WriteOut() ENGRAM_REQUIRES(lock_) {
    Header header = header_;
    for (const Record& record : pending_) {
      ENGRAM_RETURN_IF_ERROR(WritePage(*file_, 1 + header.records, record));
      ++header.records;
    }
    if (order_ == Order::kHeaderAfterSync) ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    ENGRAM_RETURN_IF_ERROR(WritePage(*file_, 0, header));
    ENGRAM_RETURN_IF_ERROR(file_->SyncData());
    header_ = header;
    pending_.clear();
    return absl::OkStatus();
  }

  const Order order_;
  std::unique_ptr<io::File> file_;

  sync::Mutex lock_;
  Header header_ ENGRAM_GUARDED_BY(lock_);  // as it is on the disk
  uint64_t counter_ ENGRAM_GUARDED_BY(lock_) = 0;
  std::vector<Record> pending_ ENGRAM_GUARDED_BY(lock_);  // records not yet written
  std::map<std::string, Answer> texts_ ENGRAM_GUARDED_BY(lock_);
};

}  // namespace

OpenedSpecimen OpenHeaderInSameSync(io::FileSystem& file_system) {
  return SyncOrder::Open(file_system, Order::kHeaderInSameSync);
}

OpenedSpecimen OpenHeaderAfterSync(io::FileSystem& file_system) {
  return SyncOrder::Open(file_system, Order::kHeaderAfterSync);
}

}  // namespace engram::specimens
