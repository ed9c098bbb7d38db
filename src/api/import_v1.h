// Importing a file of format 1, that of the implementation before this one, into a new store. What
// such a file can and cannot tell stands in src/format/format_1.md.
//
//   absl::StatusOr<ImportV1Report> report = ImportV1("warm.dat", "agent.engram", {.ids = ids});
//
// The file has hashes of ids and no ids; what is not listed is called `v1-` and the 16 hexadecimal
// digits of its hash. It has no content, so no imported memory has any. Everything else comes bit
// by bit. A slot that is not empty may be a memory that was removed: nothing in the file tells.

#ifndef ENGRAM_API_IMPORT_V1_H_
#define ENGRAM_API_IMPORT_V1_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/options.h"
#include "base/body.h"
#include "base/units.h"

namespace engram::inline ENGRAM_BODY {

namespace io {
class FileSystem;
}

// A slot with bytes that no writer of format 1 wrote. It was not imported.
struct V1DamagedSlot {
  uint64_t slot = 0;
  FileOffset offset;        // of the damage, in the file
  std::string explanation;  // what was found there, what was expected
};

struct ImportV1Options {
  // Ids that memories of the file may have: those alone are imported. Nothing: all are, without
  // their ids.
  std::optional<std::vector<std::string>> ids;
  // With `ids`: the others are imported, too, without their ids.
  bool unlisted = false;

  // How the new store is opened; create_if_missing is implied.
  Options store;

  // What either of these throws ends the import, ABORTED; of std::bad_alloc, RESOURCE_EXHAUSTED.
  // Is told of each damaged slot, from the last to the first; null: nobody.
  std::function<void(const V1DamagedSlot&)> on_damaged;
  // Is told now and then how many slots are done, of how many. False: the import ends, ABORTED.
  std::function<bool(uint64_t done, uint64_t slots)> on_progress;
};

// What became of each slot; the counts from `unwritten` to `damaged` add up to `slots`.
struct ImportV1Report {
  uint64_t slots = 0;  // one that the end of the file cuts off included
  uint64_t unwritten = 0;
  uint64_t imported = 0;
  uint64_t superseded = 0;  // a later slot has the same id, and is imported
  uint64_t hidden = 0;      // a later slot has the same id, but is damaged: not imported
  uint64_t unlisted = 0;    // of an id that is not listed: not imported
  uint64_t damaged = 0;     // not imported

  // Of the imported: what the file says of their content.
  bool second_layout = false;  // some slot says something; else content may not have been kept
  uint64_t with_lost_content = 0;
  uint64_t with_empty_content = 0;  // which is lost, too
  uint64_t without_content = 0;
  uint64_t with_untold_content = 0;  // none or, if the file is of the second layout, empty

  // What the header has that no writer wrote. It may mean that slots are missing.
  std::vector<std::string> header_damages;
  std::vector<std::string> ids_not_found;  // listed, and not imported

  // Not OK: the `.partial` may still be there, for this reason. `target` is complete all the same;
  // remove the `.partial`.
  absl::Status partial_removed;

  // Everything that the file ever had is imported, as far as it can tell.
  bool whole() const { return damaged == 0 && header_damages.empty(); }
};

// Imports the file `source`, which is only read, into the new store `target`, in the file system of
// the operating system or in `files`. `target` comes into being complete and durable, or is refused
// by Open: it is gathered in a file named as it with `.partial` behind, which is removed again,
// after an error, too, but not after a crash. Needs room for both. No program may write to `source`
// meanwhile. After an error there is no `target`, unless the system could not remove what had
// become of it. After a crash call this again, and it says what to do.
//
// NOT_FOUND: there is no `source`. INVALID_ARGUMENT: it is no file of format 1; or an id is none,
// or is such that it could not be told from another. DATA_LOSS: its header is damaged so that it
// cannot be read. ALREADY_EXISTS: there is a `target` or a `.partial` already; nothing happened,
// and what a killed import left is named with what to do. ABORTED: on_progress has said so, or a
// callback has thrown. Else as MemoryStore's calls.
absl::StatusOr<ImportV1Report> ImportV1(const std::string& source, const std::string& target,
                                        const ImportV1Options& options);
absl::StatusOr<ImportV1Report> ImportV1(io::FileSystem& files, const std::string& source,
                                        const std::string& target, const ImportV1Options& options);

}  // namespace engram::inline ENGRAM_BODY

#endif  // ENGRAM_API_IMPORT_V1_H_
