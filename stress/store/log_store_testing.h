// A store in its simplest form, for tests of the trials: the reference model behind one mutex, and
// a log of whole memories. Right as it is, and broken in one way that a test chooses, because an
// oracle that has never been red proves nothing.

#ifndef ENGRAM_STRESS_STORE_LOG_STORE_TESTING_H_
#define ENGRAM_STRESS_STORE_LOG_STORE_TESTING_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "stress/store/store_setup.h"

namespace engram::stress {

enum class Flaw : uint8_t {
  kNone,
  kSyncIsNoSync,       // Sync says OK and syncs nothing
  kRemoveIsNotLogged,  // what was removed is back after opening
  kTailIsNotChecked,   // recovery believes whatever lies where a record may be
  kSequencesRestart,   // those of lost mutations are assigned again
  kForeignContent,     // a Get of one id returns the content of another
  kActivationRace,     // UpdateActivation reads, unlocks, and stores what it read
  kCountIsOff,         // Count after a Remove
  kLiveBytesAreOff,    // content_bytes_live forgets ids
  kReclaimedByHope,    // a compaction tells of bytes that are not gone
  kBackupIsStale,      // a backup lacks the last mutation
  kListenerEscapes,    // what a listener throws leaves the store, a mutex locked behind it
  kReadsAreDamaged,    // every third Get answers DATA_LOSS
  kDamageIsAbsence,    // a record that does not verify is skipped
  kDamageIsBelieved,   // records are not verified
  kHotIsLeaked,        // what is removed stays hot
  kIterationSkips,     // every third memory
  kIterationRepeats,   // likewise
  kIteratesStale,      // what comes next is looked up before the callback, which may change it
  kPagesLeaveGaps,     // a cursor names what would come next, and leads behind it
  kRecallForgets,      // the last of several matches
  kScoresAreRounded,   // to floats
};

OpenStore OpenLogStore(Flaw flaw = Flaw::kNone);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_LOG_STORE_TESTING_H_
