// The designs, wrong and right; each is told in the file that bears its name.

#ifndef ENGRAM_STRESS_SPECIMENS_DESIGNS_H_
#define ENGRAM_STRESS_SPECIMENS_DESIGNS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "io/file_system.h"
#include "stress/specimens/specimen_store.h"

namespace engram::specimens {

using OpenedSpecimen = absl::StatusOr<std::unique_ptr<SpecimenStore>>;

// Compaction of a buffer of texts.
OpenedSpecimen OpenOffsetsFirst(io::FileSystem& file_system);
OpenedSpecimen OpenSwapFirst(io::FileSystem& file_system);
OpenedSpecimen OpenNoRollback(io::FileSystem& file_system);
OpenedSpecimen OpenIncrementalMoves(io::FileSystem& file_system);  // blocks in RAM alone
OpenedSpecimen OpenIncrementalMovesWithFile(
    io::FileSystem& file_system);  // writing a block can fail

// Migration between two tiers.
OpenedSpecimen OpenGetStoreRemove(io::FileSystem& file_system);
OpenedSpecimen OpenMigrationByMove(io::FileSystem& file_system);

// Reuse of room that readers may still look at.
OpenedSpecimen OpenEpochReleaseStore(io::FileSystem& file_system);
OpenedSpecimen OpenEpochFullFence(io::FileSystem& file_system);

// A store on disk.
OpenedSpecimen OpenHeaderInSameSync(io::FileSystem& file_system);
OpenedSpecimen OpenHeaderAfterSync(io::FileSystem& file_system);

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_DESIGNS_H_
