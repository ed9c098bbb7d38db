// Transfers that do not stop half-way: ReadFully and WriteFully over any body of File. They retry
// short transfers, never errors.

#include "io/file_system.h"

#include "absl/strings/str_cat.h"
#include "base/check.h"
#include "base/status_macros.h"

namespace engram::inline ENGRAM_BODY::io {

absl::Status ReadFully(File& file, FileOffset offset, std::span<std::byte> target) {
  size_t done = 0;
  while (done < target.size()) {
    size_t moved = 0;
    ENGRAM_ASSIGN_OR_RETURN(moved,
                            file.Read(FileOffset{offset.value + done}, target.subspan(done)));
    if (moved == 0) {
      return absl::OutOfRangeError(absl::StrCat("read ", std::string(file.path()), " at offset ",
                                                offset.value, ": expected ", target.size(),
                                                " bytes, the file ends after ", done, " of them"));
    }
    ENGRAM_CHECK(moved <= target.size() - done, "File::Read returned more than it was asked for");
    done += moved;
  }
  return absl::OkStatus();
}

absl::Status WriteFully(File& file, FileOffset offset, std::span<const std::byte> source) {
  size_t done = 0;
  while (done < source.size()) {
    size_t moved = 0;
    ENGRAM_ASSIGN_OR_RETURN(moved,
                            file.Write(FileOffset{offset.value + done}, source.subspan(done)));
    ENGRAM_CHECK(moved > 0 && moved <= source.size() - done,
                 "File::Write returned nothing, or more than it was given");
    done += moved;
  }
  return absl::OkStatus();
}

}  // namespace engram::inline ENGRAM_BODY::io
