// Makes orders of steps coverage: which of two places in the code came first at an object that both
// touched, and where crashes came.

#ifndef ENGRAM_FUZZ_SCHEDULE_ORDERS_H_
#define ENGRAM_FUZZ_SCHEDULE_ORDERS_H_

#include <cstdint>
#include <span>

#include "model/world/step.h"

namespace engram::fuzz {

// Adds one to a counter, chosen by a hash, for each two dependent steps of different actors that
// follow each other at an object. Counters stop at their highest.
void CountOrders(std::span<const world::Step> steps, std::span<uint8_t> counters);

}  // namespace engram::fuzz

#endif  // ENGRAM_FUZZ_SCHEDULE_ORDERS_H_
