// Fixed records of two numbers.

#include "stress/specimens/block_file.h"

#include <array>
#include <span>
#include <utility>

#include "base/status_macros.h"

namespace engram::specimens {

absl::StatusOr<std::unique_ptr<BlockFile>> BlockFile::Create(io::FileSystem& file_system) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<io::File> file,
                          file_system.Open("blocks", io::OpenMode::kCreateNew));
  return std::unique_ptr<BlockFile>(new BlockFile(std::move(file)));
}

absl::Status BlockFile::Write(const std::string& id, uint64_t place, uint64_t length) {
  const uint64_t record = record_of_.try_emplace(id, record_of_.size()).first->second;
  const std::array<uint64_t, 2> bytes = {place, length};
  return io::WriteFully(*file_, FileOffset{record * sizeof(bytes)},
                        std::as_bytes(std::span(bytes)));
}

}  // namespace engram::specimens
