// Compressing the content of cold memories, each by itself, so that one is read without others.
// The format is Zstandard's, RFC 8878: one frame, which says how long the content is.

#ifndef ENGRAM_FORMAT_COLD_CONTENT_H_
#define ENGRAM_FORMAT_COLD_CONTENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::format {

// Compresses one content after the other with the same memory of its own. Thread safety: confined
// to one thread at a time.
class ContentCompressor {
 public:
  // May throw std::bad_alloc, as Compress.
  ContentCompressor();
  ~ContentCompressor();
  ContentCompressor(const ContentCompressor&) = delete;
  ContentCompressor& operator=(const ContentCompressor&) = delete;

  // Appends `content` to `target`, compressed. False: it would not become shorter, and nothing is
  // appended.
  bool Compress(std::span<const std::byte> content, std::vector<std::byte>& target);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Whether so few bytes can become so many: no frame says more than that. What a file can make a
// reader allocate is so bounded by its own size.
bool CanDecompressTo(uint64_t stored_bytes, uint64_t content_bytes);

// Decompresses likewise. Thread safety: confined to one thread at a time.
class ContentDecompressor {
 public:
  // May throw std::bad_alloc.
  ContentDecompressor();
  ~ContentDecompressor();
  ContentDecompressor(const ContentDecompressor&) = delete;
  ContentDecompressor& operator=(const ContentDecompressor&) = delete;

  // Fills `target`, which is as long as the content. DATA_LOSS: `stored` is not the compressed form
  // of content of this length. RESOURCE_EXHAUSTED: there is no memory.
  absl::Status Decompress(std::span<const std::byte> stored, std::span<char> target);

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace engram::inline ENGRAM_BODY::format

#endif  // ENGRAM_FORMAT_COLD_CONTENT_H_
