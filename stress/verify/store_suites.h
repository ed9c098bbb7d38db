// The suites that try the store: `model`, `crash`, `fault`, `interleave` (operations, crashes and
// faults) and `truncate`, `damage` (damaged files). They know the store by src/api alone.

#ifndef ENGRAM_STRESS_VERIFY_STORE_SUITES_H_
#define ENGRAM_STRESS_VERIFY_STORE_SUITES_H_

#include <vector>

#include "stress/store/store_setup.h"
#include "stress/verify/suites.h"

namespace engram::verify {

// In the order in which they run. `open` is the store that is tried.
std::vector<Suite> MakeStoreSuites(const stress::OpenStore& open);

}  // namespace engram::verify

#endif  // ENGRAM_STRESS_VERIFY_STORE_SUITES_H_
