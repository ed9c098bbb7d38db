// Contexts of the library, and its errors.

#include "format/cold_content.h"

#include <zstd.h>
#include <zstd_errors.h>

#include <new>

#include "absl/strings/str_cat.h"

namespace engram::inline ENGRAM_BODY::format {
namespace {

// Of most texts little more becomes of higher levels, which take many times as long.
constexpr int kLevel = 3;
// A block is at most so long, and takes at least so many bytes: its header, and one.
constexpr uint64_t kBlockBytesMax = uint64_t{128} * 1024;
constexpr uint64_t kBlockStoredMin = 4;

}  // namespace

struct ContentCompressor::Context {
  ZSTD_CCtx* const zstd = ZSTD_createCCtx();

  Context() {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeCCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

ContentCompressor::ContentCompressor() : context_(std::make_unique<Context>()) {}
ContentCompressor::~ContentCompressor() = default;

bool ContentCompressor::Compress(std::span<const std::byte> content,
                                 std::vector<std::byte>& target) {
  if (content.empty()) return false;
  const size_t begin = target.size();
  // One byte less than the content: what does not fit is not worth it.
  target.resize(begin + content.size() - 1);
  const size_t stored = ZSTD_compressCCtx(context_->zstd, target.data() + begin, content.size() - 1,
                                          content.data(), content.size(), kLevel);
  const bool failed = ZSTD_isError(stored) != 0;
  target.resize(failed ? begin : begin + stored);
  return !failed;
}

bool CanDecompressTo(uint64_t stored_bytes, uint64_t content_bytes) {
  return content_bytes / kBlockBytesMax <= stored_bytes / kBlockStoredMin;
}

struct ContentDecompressor::Context {
  ZSTD_DCtx* const zstd = ZSTD_createDCtx();

  Context() {
    if (zstd == nullptr) throw std::bad_alloc();
  }
  ~Context() { ZSTD_freeDCtx(zstd); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
};

ContentDecompressor::ContentDecompressor() : context_(std::make_unique<Context>()) {}
ContentDecompressor::~ContentDecompressor() = default;

absl::Status ContentDecompressor::Decompress(std::span<const std::byte> stored,
                                             std::span<char> target) {
  const size_t bytes = ZSTD_decompressDCtx(context_->zstd, target.data(), target.size(),
                                           stored.data(), stored.size());
  if (bytes == target.size()) return absl::OkStatus();
  if (ZSTD_isError(bytes) == 0) {
    return absl::DataLossError(absl::StrCat("content of ", target.size(), " bytes became of ",
                                            bytes, " when decompressed"));
  }
  const ZSTD_ErrorCode code = ZSTD_getErrorCode(bytes);
  if (code == ZSTD_error_memory_allocation) {
    return absl::ResourceExhaustedError("there is no memory for decompressing");
  }
  return absl::DataLossError(
      absl::StrCat("content cannot be decompressed: ", ZSTD_getErrorName(bytes)));
}

}  // namespace engram::inline ENGRAM_BODY::format
