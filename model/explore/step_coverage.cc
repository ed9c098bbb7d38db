// Hashing places and pairs of them.

#include "model/explore/step_coverage.h"

#include <algorithm>
#include <string_view>

#include "base/checksum.h"
#include "model/world/state_hash.h"

namespace engram::world {
namespace {

// More of one thing than this is no news.
constexpr uint32_t kValuesToldApart = 3;

// The same in every build, wherever the sources lie.
uint64_t PlaceOf(const Step& step) {
  std::string_view file = step.where.file_name();
  file.remove_prefix(file.rfind('/') + 1);
  return Checksum(std::as_bytes(std::span(file)),
                  uint64_t{step.where.line()} << 8 | static_cast<uint64_t>(step.kind));
}

}  // namespace

uint32_t StepCoverage::Add(std::span<const Step> steps) {
  last_.clear();
  uint32_t newest = 0;
  for (uint32_t at = 0; at < steps.size(); ++at) {
    const Step& step = steps[at];
    bool is_new = AddAccess(steps, at, step.object, step.access);
    is_new |= AddAccess(steps, at, step.second, step.second_access);
    if (is_new) newest = at + 1;
  }
  return newest;
}

bool StepCoverage::AddAccess(std::span<const Step> steps, uint32_t at, sync::ObjectId object,
                             Access access) {
  if (access == Access::kLocal || object == kDiskOrder) return false;
  Last& last = last_[object.value];
  const auto add = [&](uint32_t before) {
    return before != UINT32_MAX && steps[before].actor != steps[at].actor &&
           AddPair(steps[before], steps[at]);
  };
  bool is_new = add(last.write);
  if (access == Access::kRead) {
    last.read = at;
  } else {
    is_new |= add(last.read);
    last = {at, UINT32_MAX};
  }
  return is_new;
}

bool StepCoverage::AddPair(const Step& first, const Step& second) {
  StateHash pair;
  pair.Add(PlaceOf(first));
  pair.Add(PlaceOf(second));
  return seen_.insert(pair.value()).second;
}

bool StepCoverage::Add(const Name& name, uint32_t value, const Step& behind) {
  StateHash deviation;
  deviation.Add(static_cast<uint64_t>(name.kind));
  deviation.Add(std::min(value, kValuesToldApart));
  deviation.Add(PlaceOf(behind));
  return seen_.insert(deviation.value()).second;
}

}  // namespace engram::world
