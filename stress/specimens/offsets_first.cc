// Specimen "offsets_first": compaction that builds a buffer of the live texts, writes the new
// offsets into the blocks, then swaps the buffer.
//
// Believed: every step is taken under the lock that it needs, the slow part - copying - only shares
// its lock with readers, and the swap takes no time. Nothing is ever unlocked while it is half
// written.
//
// Wrong: a block and the bytes it names are one fact under two locks. From the first new offset to
// the swap, a reader pairs a new offset with the old buffer and returns another memory's bytes, or
// finds an offset beyond the end; a reader that took its block before and reaches the buffer after
// does the reverse. An append between the copying and the swap goes into the buffer that is thrown
// away: its memory is damaged for good. A memory that was replaced meanwhile gets the new offset of
// its old text: the older version's bytes under the newer sequence.
//
// Right: incremental_moves.cc.

#include <memory>
#include <utility>

#include "stress/specimens/designs.h"
#include "stress/specimens/field_store.h"

namespace engram::specimens {
namespace {

class OffsetsFirst final : public FieldStore {
 public:
  void Compact() override {
    std::map<std::string, Block> moved;
    {
      sync::ReaderLock lock(index_lock_);
      moved = blocks_;
    }
    std::string live;
    {
      sync::ReaderLock lock(buffer_lock_);
      for (auto& [id, block] : moved) {
        const std::optional<std::string> text = TextAt(buffer_, block);
        if (!text.has_value()) return;  // damaged: better to keep what there is
        block.offset = live.size();
        live += *text;
      }
    }
    {
      sync::WriterLock lock(index_lock_);
      for (const auto& [id, block] : moved) {
        const auto found = blocks_.find(id);
        if (found != blocks_.end()) found->second.offset = block.offset;
      }
    }
    sync::WriterLock lock(buffer_lock_);
    buffer_.swap(live);
  }
};

}  // namespace

OpenedSpecimen OpenOffsetsFirst(io::FileSystem&) { return std::make_unique<OffsetsFirst>(); }

}  // namespace engram::specimens
