// What the clients of a stress test do: a mix of calls over a number of ids, the same for the same
// seed. How the calls of different threads interleave is the machine's affair.

#ifndef ENGRAM_STRESS_THREADS_WORKLOAD_H_
#define ENGRAM_STRESS_THREADS_WORKLOAD_H_

#include <cstdint>

#include "model/explore/random.h"
#include "stress/threads/recording_client.h"

namespace engram::stress {

struct Workload {
  uint32_t ids = 4;
  uint32_t calls = 300;  // of each client
  // One call of a writer in so many is a Sync, one a Checkpoint. 0: none.
  uint32_t sync_one_in = 25;
  uint32_t checkpoint_one_in = 200;
};

// Numbers for GeneratedMemory that no two calls share: of the `round`-th store or life of a store.
constexpr uint64_t ValueOf(uint32_t round, uint8_t client, uint32_t call) {
  return uint64_t{round} << 32 | uint64_t{client} << 24 | call;
}

// Mostly stores, removals and updates; every now and then an argument that must be refused.
void Write(const Workload& workload, uint32_t round, uint8_t number, uint64_t seed,
           RecordingClient& client);

// Gets, views and presence; now and then a look at all.
void Read(const Workload& workload, uint8_t number, uint64_t seed, RecordingClient& client);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_WORKLOAD_H_
