// The warm tier's content store as it ran in the field: the texts of all memories in one growing
// buffer, and an index of blocks {offset, length, sequence} by id. Each has a lock of its own, held
// briefly; nobody holds both.
//
// This much is right as long as the buffer only grows. The specimens add what was added then: a
// compaction.

#ifndef ENGRAM_STRESS_SPECIMENS_FIELD_STORE_H_
#define ENGRAM_STRESS_SPECIMENS_FIELD_STORE_H_

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "base/thread_annotations.h"
#include "base/units.h"
#include "stress/specimens/specimen_store.h"
#include "sync/mutex.h"

namespace engram::specimens {

// Where the text of one memory stands in the buffer.
struct Block {
  size_t offset = 0;
  size_t length = 0;
  Sequence sequence = {};
};

// The text of `block`, or nothing if it reaches beyond the buffer's end.
inline std::optional<std::string> TextAt(const std::string& buffer, const Block& block) {
  if (block.offset + block.length > buffer.size()) return std::nullopt;
  return buffer.substr(block.offset, block.length);
}

class FieldStore : public SpecimenStore {
 public:
  Answer Store(const std::string& id, const std::string& text, const Assigned& assigned) override;
  Answer Get(const std::string& id) override;
  Answer Remove(const std::string& id, const Assigned& assigned) override;

 protected:
  sync::SharedMutex index_lock_;
  std::map<std::string, Block> blocks_ ENGRAM_GUARDED_BY(index_lock_);
  Sequence last_sequence_ ENGRAM_GUARDED_BY(index_lock_);

  sync::SharedMutex buffer_lock_;
  std::string buffer_ ENGRAM_GUARDED_BY(buffer_lock_);
};

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_FIELD_STORE_H_
