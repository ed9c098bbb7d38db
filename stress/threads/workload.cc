// The shares of each kind of call, in per cent for writers and in tenths for readers.

#include "stress/threads/workload.h"

#include <limits>
#include <string>

#include "stress/threads/generated_memory.h"

namespace engram::stress {

void Write(const Workload& workload, uint32_t round, uint8_t number, uint64_t seed,
           RecordingClient& client) {
  world::Random random(seed, number);
  for (uint32_t call = 0; call < workload.calls; ++call) {
    const std::string id = IdOf(random.Below(workload.ids));
    if (workload.sync_one_in != 0 && random.OneIn(workload.sync_one_in)) {
      client.Sync();
      continue;
    }
    if (workload.checkpoint_one_in != 0 && random.OneIn(workload.checkpoint_one_in)) {
      client.Checkpoint();
      continue;
    }
    const uint32_t dice = random.Below(100);
    if (dice < 50) {
      client.Store(GeneratedMemory(id, ValueOf(round, number, call)));
    } else if (dice < 68) {
      client.Remove(id);
    } else if (dice < 88) {
      client.UpdateActivation(id, static_cast<float>(random.Below(1001)) / 1000.0F);
    } else if (dice < 98) {
      client.Get(id);
    } else {
      Memory refused = GeneratedMemory(id, ValueOf(round, number, call));
      refused.embedding[call % kEmbeddingDimension] = std::numeric_limits<float>::quiet_NaN();
      client.Store(refused);
    }
  }
}

void Read(const Workload& workload, uint8_t number, uint64_t seed, RecordingClient& client) {
  world::Random random(seed, number);
  for (uint32_t call = 0; call < workload.calls; ++call) {
    const std::string id = IdOf(random.Below(workload.ids));
    const uint32_t dice = random.Below(40);
    if (dice < 16) {
      client.Get(id);
    } else if (dice < 32) {
      client.View(id);
    } else if (dice < 37) {
      client.Contains(id);
    } else if (dice == 37) {
      client.Iterate(workload.ids);
    } else if (dice == 38) {
      client.List(workload.ids, 1 + random.Below(4));
    } else {
      client.Recall(workload.ids, GeneratedMemory(id, call));
    }
  }
}

}  // namespace engram::stress
