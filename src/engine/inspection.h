// What looking at a whole store found, as a report and as what in the store it was. Part of
// tiered_store_*.cc; not for others.

#ifndef ENGRAM_ENGINE_INSPECTION_H_
#define ENGRAM_ENGINE_INSPECTION_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "api/reports.h"
#include "base/body.h"
#include "base/units.h"
#include "engine/delta_table.h"
#include "engine/tiered_store.h"

namespace engram::inline ENGRAM_BODY::engine {

struct TieredStore::Inspection {
  // An entry of the index that leads to what is damaged.
  struct DamagedEntry {
    Delta entry;
    size_t damage = 0;  // of report.damages
  };
  // One of the two directories of a run of cold memories.
  struct DamagedDirectory {
    FileOffset run;
    FileOffset place;
  };

  void AddDamage(Damage damage) { report.damages.push_back(std::move(damage)); }

  VerifyReport report;
  std::vector<DamagedEntry> entries;  // by `damage`
  std::vector<ExtentId> headers;      // of these extents
  std::vector<DamagedDirectory> directories;
};

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_INSPECTION_H_
