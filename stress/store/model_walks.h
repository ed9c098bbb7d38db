// Iteration, pages and recall of one client's store, compared with the reference model.

#ifndef ENGRAM_STRESS_STORE_MODEL_WALKS_H_
#define ENGRAM_STRESS_STORE_MODEL_WALKS_H_

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/memory_store.h"
#include "model/reference_store.h"
#include "model/world/program.h"

namespace engram::stress {

// Whether what is shown is the memory, bit by bit.
bool SameBits(const MemoryView& seen, const Memory& memory);

// What is wrong with an answer, or nothing. `mutate` does an operation on both.
std::optional<std::string> WrongIteration(
    MemoryStore& store, const model::ReferenceStore& reference, const world::Operation& operation,
    const std::function<void(const world::Operation&)>& mutate);
std::optional<std::string> WrongPages(MemoryStore& store, const model::ReferenceStore& reference,
                                      size_t limit);
std::optional<std::string> WrongRecall(MemoryStore& store, const model::ReferenceStore& reference,
                                       const world::Operation& operation);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_MODEL_WALKS_H_
