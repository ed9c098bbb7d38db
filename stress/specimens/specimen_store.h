// What every specimen is: a small store of texts under ids, with the calls that a client may make.
//
// A specimen is a design, reduced to what carries its idea, written against src/sync and src/io
// alone: it knows nothing of the world that explores it. Most refuse nothing and validate nothing;
// that is not what they are about.

#ifndef ENGRAM_STRESS_SPECIMENS_SPECIMEN_STORE_H_
#define ENGRAM_STRESS_SPECIMENS_SPECIMEN_STORE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "base/check.h"
#include "base/units.h"
#include "io/file_system.h"
#include "model/history_oracle.h"

namespace engram::specimens {

// What a call answers.
struct Answer {
  model::CallOutcome outcome = model::CallOutcome::kOk;
  Sequence sequence = {};  // Get: of the mutation it saw
  std::string text = {};   // Get
  float activation = 0;    // Get
};

inline Answer Absent() { return Answer{.outcome = model::CallOutcome::kAbsent}; }
inline Answer Rejected() { return Answer{.outcome = model::CallOutcome::kRejected}; }
inline Answer Damaged() { return Answer{.outcome = model::CallOutcome::kDamaged}; }

// Called by each mutation at the moment at which it gets its sequence.
using Assigned = std::function<void(Sequence)>;

// Thread safety: thread-safe, or so its authors believed.
class SpecimenStore {
 public:
  virtual ~SpecimenStore() = default;

  // Inserts or replaces.
  virtual Answer Store(const std::string& id, const std::string& text,
                       const Assigned& assigned) = 0;
  virtual Answer Get(const std::string& id) = 0;

  // Not every specimen offers each of these; its operations name only what it offers.
  virtual Answer Remove(const std::string&, const Assigned&) { return NotOffered(); }
  virtual Answer UpdateActivation(const std::string&, float, const Assigned&) {
    return NotOffered();
  }
  virtual Answer Sync() { return NotOffered(); }
  virtual void Compact() { NotOffered(); }
  virtual void Demote(const std::string&) {
    NotOffered();
  }  // migrates from the hot tier to the warm one
  virtual void Promote(const std::string&) { NotOffered(); }  // and back

  // Everything that is stored, for stores that recover after a crash.
  virtual std::vector<std::pair<std::string, Answer>> All() {
    NotOffered();
    return {};
  }

 private:
  static Answer NotOffered() {
    ENGRAM_CHECK(false, "a specimen is asked for what it does not offer");
    return Answer{};
  }
};

// Opens a specimen on what `file_system` holds, or makes an empty one.
using OpenSpecimen =
    std::function<absl::StatusOr<std::unique_ptr<SpecimenStore>>(io::FileSystem& file_system)>;

}  // namespace engram::specimens

#endif  // ENGRAM_STRESS_SPECIMENS_SPECIMEN_STORE_H_
