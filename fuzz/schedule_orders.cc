// The last step at each object, and the pair that the next one makes with it.

#include "fuzz/schedule_orders.h"

#include <map>
#include <string_view>

namespace engram::fuzz {
namespace {

using world::Step;

void Mix(uint64_t& hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
  hash ^= hash >> 29;
}

// The same in every process: names, not addresses.
uint64_t PlaceOf(const Step& step) {
  uint64_t hash = static_cast<uint64_t>(step.kind);
  for (const char c : std::string_view(step.where.file_name())) Mix(hash, static_cast<uint8_t>(c));
  Mix(hash, step.where.line());
  return hash;
}

}  // namespace

void CountOrders(std::span<const Step> steps, std::span<uint8_t> counters) {
  std::map<uint32_t, const Step*> last;  // by object
  for (const Step& step : steps) {
    for (const uint32_t object : {step.object.value, step.second.value}) {
      // Each effect on the disk touches the order of effects.
      if (object == 0 || object == world::kDiskOrder.value) continue;
      const Step*& before = last[object];
      if (before != nullptr && before->actor != step.actor && world::Dependent(*before, step)) {
        uint64_t hash = PlaceOf(*before);
        Mix(hash, PlaceOf(step));
        uint8_t& counter = counters[hash % counters.size()];
        if (counter < UINT8_MAX) ++counter;
      }
      before = &step;
    }
  }
}

}  // namespace engram::fuzz
