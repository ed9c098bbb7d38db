// Each model takes something away from the bounds.

#include "stress/verify/crash_models.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>

#include "base/check.h"

namespace engram::verify {
namespace {

struct Known {
  CrashModel model;
  void (*narrow)(world::Bounds&);
};

constexpr Known kKnown[] = {
    {{"any", "all that the program's bounds allow"}, [](world::Bounds&) {}},
    {{"none", "no crashes"}, [](world::Bounds& bounds) { bounds.crashes_max = 0; }},
    {{"kills", "the process is killed, and the page cache stays"},
     [](world::Bounds& bounds) { bounds.power_losses = false; }},
    {{"power_losses", "each write survives as a whole or not at all"},
     [](world::Bounds& bounds) {
       bounds.kills = false;
       bounds.tears = world::Tears::kNone;
     }},
    {{"torn", "power losses that tear writes, too"},
     [](world::Bounds& bounds) { bounds.kills = false; }},
    {{"one", "kills and power losses, but one in an execution: none in recovery"},
     [](world::Bounds& bounds) { bounds.crashes_max = std::min(bounds.crashes_max, 1u); }},
};

}  // namespace

std::span<const CrashModel> CrashModels() {
  static constexpr auto kModels = [] {
    std::array<CrashModel, std::size(kKnown)> models;
    for (size_t i = 0; i < models.size(); ++i) models[i] = kKnown[i].model;
    return models;
  }();
  return kModels;
}

world::Bounds WithCrashes(world::Bounds bounds, std::string_view name) {
  for (const Known& known : kKnown) {
    if (known.model.name != name) continue;
    known.narrow(bounds);
    return bounds;
  }
  ENGRAM_CHECK(false, "there is no crash model of this name");
}

}  // namespace engram::verify
