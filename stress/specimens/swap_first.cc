// Specimen "swap_first": compaction that swaps in the buffer of live texts and only then the blocks
// that name it.
//
// Believed: the review of "offsets_first" asked that no offset may name a place before its bytes
// are there. So the bytes come first. Blocks and buffer are both rebuilt aside and put in place by
// a swap, so that no reader waits, and none sees a table that is half rewritten.
//
// Wrong: between the two swaps every old offset is read against the new buffer: another memory's
// bytes, or an offset beyond the end. Whatever happened since the blocks were copied is undone by
// their swap: a memory stored in this gap is lost, one removed in it is back.
//
// Right: incremental_moves.cc.

#include <memory>
#include <utility>

#include "stress/specimens/designs.h"
#include "stress/specimens/field_store.h"

namespace engram::specimens {
namespace {

class SwapFirst final : public FieldStore {
 public:
  void Compact() override {
    std::map<std::string, Block> rebuilt;
    {
      sync::ReaderLock lock(index_lock_);
      rebuilt = blocks_;
    }
    std::string live;
    {
      sync::ReaderLock lock(buffer_lock_);
      for (auto& [id, block] : rebuilt) {
        const std::optional<std::string> text = TextAt(buffer_, block);
        if (!text.has_value()) return;  // damaged: better to keep what there is
        block.offset = live.size();
        live += *text;
      }
    }
    {
      sync::WriterLock lock(buffer_lock_);
      buffer_.swap(live);
    }
    sync::WriterLock lock(index_lock_);
    blocks_.swap(rebuilt);
  }
};

}  // namespace

OpenedSpecimen OpenSwapFirst(io::FileSystem&) { return std::make_unique<SwapFirst>(); }

}  // namespace engram::specimens
