// Specimen "no_rollback": compaction that stops the world, and stops half-way when a block cannot
// be written.
//
// Believed: with one lock around everything, no call can see the buffer and the blocks while they
// disagree; the review of "offsets_first" and "swap_first" had asked for just that. An error is
// logged and returned, so that the caller can try again.
//
// Wrong: the lock hides an unfinished compaction only while it lasts. When the write of one block
// fails - the disk is full, the device reports an error - the function returns, the lock opens, and
// the blocks not yet written name places of a buffer that is gone: another memory's bytes, or an
// offset beyond the end, until the process ends. A second try reads the live texts through the
// wrong offsets and makes the damage permanent.
//
// Right: incremental_moves.cc; a block that cannot be written still names bytes that nobody has
// touched.

#include <memory>
#include <utility>

#include "base/status_macros.h"
#include "stress/specimens/block_file.h"
#include "stress/specimens/designs.h"
#include "stress/specimens/field_store.h"

namespace engram::specimens {
namespace {

class NoRollback final : public SpecimenStore {
 public:
  explicit NoRollback(std::unique_ptr<BlockFile> file) : file_(std::move(file)) {}

  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override {
    sync::WriterLock lock(lock_);
    Block block{.offset = buffer_.size(), .length = text.size()};
    if (!file_->Write(id, block.offset, block.length).ok()) return Rejected();
    block.sequence = Sequence{++last_sequence_.value};
    assigned(block.sequence);
    buffer_ += text;
    blocks_[id] = block;
    return Answer{.sequence = block.sequence};
  }

  Answer Get(const std::string& id) override {
    sync::ReaderLock lock(lock_);
    const auto found = blocks_.find(id);
    if (found == blocks_.end()) return Absent();
    std::optional<std::string> text = TextAt(buffer_, found->second);
    if (!text.has_value()) return Damaged();
    return Answer{.sequence = found->second.sequence, .text = *std::move(text)};
  }

  Answer Remove(const std::string& id, const Assigned& assigned) override {
    sync::WriterLock lock(lock_);
    const auto found = blocks_.find(id);
    if (found == blocks_.end()) return Absent();
    if (!file_->Write(id, 0, 0).ok()) return Rejected();
    blocks_.erase(found);
    assigned(Sequence{++last_sequence_.value});
    return Answer{.sequence = last_sequence_};
  }

  void Compact() override {
    sync::WriterLock lock(lock_);
    std::string live;
    std::map<std::string, size_t> new_offsets;
    for (const auto& [id, block] : blocks_) {
      const std::optional<std::string> text = TextAt(buffer_, block);
      if (!text.has_value()) return;
      new_offsets[id] = live.size();
      live += *text;
    }
    buffer_.swap(live);
    for (const auto& [id, offset] : new_offsets) {
      Block& block = blocks_.at(id);
      if (!file_->Write(id, offset, block.length).ok()) return;  // the caller may try again
      block.offset = offset;
    }
  }

 private:
  sync::SharedMutex lock_;
  std::map<std::string, Block> blocks_ ENGRAM_GUARDED_BY(lock_);
  std::string buffer_ ENGRAM_GUARDED_BY(lock_);
  Sequence last_sequence_ ENGRAM_GUARDED_BY(lock_);
  const std::unique_ptr<BlockFile> file_ ENGRAM_PT_GUARDED_BY(lock_);
};

}  // namespace

OpenedSpecimen OpenNoRollback(io::FileSystem& file_system) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<BlockFile> file, BlockFile::Create(file_system));
  return std::make_unique<NoRollback>(std::move(file));
}

}  // namespace engram::specimens
