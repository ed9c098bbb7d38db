// What engram-kill-victim tells the process that will kill it, through a pipe: one record before
// and one after each call, and one for each sequence while it is assigned.
//
// A record is written at once, in one piece: what the victim knew when it died has been told. The
// values are numbers of generated memories, so a record is small.

#ifndef ENGRAM_STRESS_THREADS_VICTIM_REPORT_H_
#define ENGRAM_STRESS_THREADS_VICTIM_REPORT_H_

#include <climits>
#include <cstdint>

#include "model/history_oracle.h"

namespace engram::stress {

enum class ReportKind : uint8_t {
  kOpening,   // Open is called next
  kShown,     // after opening: what Get says of the id `id_index`
  kReady,     // everything has been shown; the clients start
  kInvoked,   // a call begins
  kAssigned,  // the call has got its sequence
  kReturned,  // the call has ended
  kWrong,     // something that must not happen; stderr says what
};

// Which fields are meaningful depends on the kind.
struct VictimReport {
  ReportKind kind = ReportKind::kWrong;
  model::CallKind call = model::CallKind::kGet;
  model::CallOutcome outcome = model::CallOutcome::kPending;  // kShown, kReturned
  uint8_t client = 0;
  uint32_t operation = 0;  // of this client, from 0
  uint32_t id_index = 0;
  float activation = 0;   // kUpdateActivation; kShown, of the memory
  uint64_t value = 0;     // number of the memory: kInvoked of kStore; kShown
  uint64_t sequence = 0;  // kShown, kAssigned, kReturned
  uint64_t stamp = 0;     // grows within one life of the victim
};
static_assert(sizeof(VictimReport) <= PIPE_BUF, "records of several threads must not be mixed up");

// What the victim is to do, as its command line. Ids and calls are a function of seed and round.
struct VictimOrders {
  uint64_t seed = 1;
  uint32_t round = 0;
  uint32_t ids = 12;
  bool sync_each_write = false;
};

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_THREADS_VICTIM_REPORT_H_
