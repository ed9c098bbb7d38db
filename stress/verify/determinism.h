// Whether an execution is a pure function of its seed: each execution's event hash, computed as
// often as one likes.

#ifndef ENGRAM_STRESS_VERIFY_DETERMINISM_H_
#define ENGRAM_STRESS_VERIFY_DETERMINISM_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace engram::verify {

// Calls `visit` with the event hash of each of `executions` executions of the mixture, half of them
// random walks and half under PCT, in an order that depends on nothing but the arguments. Stops
// when it returns false.
void VisitExecutionHashes(uint64_t seed, uint64_t executions,
                          const std::function<bool(uint64_t hash)>& visit);

// How two sequences of hashes compare.
struct HashComparison {
  uint64_t executions = 0;  // compared
  uint64_t mismatches = 0;
  uint64_t first_mismatch = 0;  // index, if there is one
  uint64_t distinct = 0;        // different hashes: how varied the executions are
  uint64_t combined = 0;        // all hashes in order, as one
  std::string error;            // why nothing could be compared; empty if something was
};

// Runs everything here and, at the same time, in another process of the same program at other
// addresses. `command` is how that process prints its hashes: a program and its arguments.
HashComparison CompareWithProcess(uint64_t seed, uint64_t executions,
                                  const std::vector<std::string>& command);

// Runs everything here and compares with what WriteHashes wrote, perhaps in another build.
HashComparison CompareWithFile(uint64_t seed, uint64_t executions, const std::string& path);

// Writes all hashes to `path`, or to standard output if that is "-": eight bytes each,
// little-endian. False, with a message on stderr, if it cannot.
bool WriteHashes(uint64_t seed, uint64_t executions, const std::string& path);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_DETERMINISM_H_
