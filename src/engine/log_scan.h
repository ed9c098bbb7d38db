// Reading the log after a crash: which entries are intact, which are proven to have been durable,
// and where the log ends.
//
// Looks at the log alone; whether embeddings and blobs are there is recovery's question. An entry
// is proven if a frame says that it was durable when the frame was written, or if a later segment
// begins behind it. What is not intact before the proven end is damage; what is not intact behind
// it is a torn tail: the log is cut there.

#ifndef ENGRAM_ENGINE_LOG_SCAN_H_
#define ENGRAM_ENGINE_LOG_SCAN_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "api/reports.h"
#include "base/body.h"
#include "base/units.h"
#include "format/checkpoint_pages.h"
#include "format/geometry.h"
#include "format/log_entry.h"
#include "format/superblock.h"
#include "io/file_system.h"

namespace engram::inline ENGRAM_BODY::engine {

// An intact entry of the log; views point into LogScan::extents.
struct ScannedEntry {
  format::LogEntry entry;
  FileOffset place;
  std::span<const std::byte> bytes;
};

// An extent that the log goes through, as it was read.
struct ScannedExtent {
  ExtentId extent;
  Generation generation;
  LogNumber first;  // its first entry
  bool header_is_intact = false;
  std::unique_ptr<std::byte[]> bytes;

  // Whether an entry was found in this reading. By the bytes, not by the place: an extent of which
  // nothing was used may have been taken again, for a later segment.
  bool Holds(const ScannedEntry& scanned, uint64_t extent_bytes) const {
    return scanned.bytes.data() >= bytes.get() && scanned.bytes.data() < bytes.get() + extent_bytes;
  }
};

struct LogScan {
  std::vector<ScannedEntry> entries;   // intact ones before the end, ascending by number
  std::vector<ScannedExtent> extents;  // in the order of the log
  LogNumber proven;                    // every entry before it was durable
  LogNumber end;                       // no entry from here on is accepted
  FileOffset end_offset;               // where entry `end` would stand
  bool tail_was_cut = false;           // something behind the end was written and is not accepted
  // What is lost before the proven end.
  std::vector<format::Loss> losses;
  std::vector<Damage> damages;
  // Hashes of the entries from first_unframed to end: of those that no intact frame lists.
  LogNumber first_unframed;
  std::vector<uint64_t> unframed;
  bool follows_frame = false;  // the entry before first_unframed is a frame
};

// Scans the log of `superblock`, whose file has `extents` extents. Errors are those of reading, and
// RESOURCE_EXHAUSTED.
absl::StatusOr<LogScan> ScanLog(io::File& file, const format::Superblock& superblock,
                                uint32_t extents);

// Drops the entries of `scan` from `end` on.
void CutAt(LogScan& scan, LogNumber end);

}  // namespace engram::inline ENGRAM_BODY::engine

#endif  // ENGRAM_ENGINE_LOG_SCAN_H_
