// Store appends, then publishes; Get looks up, then reads.

#include "stress/specimens/field_store.h"

namespace engram::specimens {

Answer FieldStore::Store(const std::string& id, const std::string& text, const Assigned& assigned) {
  Block block;
  {
    sync::WriterLock lock(buffer_lock_);
    block.offset = buffer_.size();
    block.length = text.size();
    buffer_ += text;
  }
  sync::WriterLock lock(index_lock_);
  block.sequence = Sequence{++last_sequence_.value};
  assigned(block.sequence);
  blocks_[id] = block;
  return Answer{.sequence = block.sequence};
}

Answer FieldStore::Get(const std::string& id) {
  Block block;
  {
    sync::ReaderLock lock(index_lock_);
    const auto found = blocks_.find(id);
    if (found == blocks_.end()) return Absent();
    block = found->second;
  }
  sync::ReaderLock lock(buffer_lock_);
  std::optional<std::string> text = TextAt(buffer_, block);
  if (!text.has_value()) return Damaged();
  return Answer{.sequence = block.sequence, .text = *std::move(text)};
}

Answer FieldStore::Remove(const std::string& id, const Assigned& assigned) {
  sync::WriterLock lock(index_lock_);
  const auto found = blocks_.find(id);
  if (found == blocks_.end()) return Absent();
  blocks_.erase(found);
  assigned(Sequence{++last_sequence_.value});
  return Answer{.sequence = last_sequence_};
}

}  // namespace engram::specimens
