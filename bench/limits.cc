// Copies, checksums, overwrites; no more than that.

#include "bench/limits.h"

#include <cstring>
#include <span>

#include "base/check.h"
#include "base/checksum.h"
#include "bench/bench_memories.h"

namespace engram::bench {

RamLimit::RamLimit(uint32_t memories, int64_t content) {
  offsets_.reserve(memories + 1);
  offsets_.push_back(0);
  for (uint32_t i = 0; i < memories; ++i) {
    offsets_.push_back(offsets_.back() + LogicalBytes(i, content));
  }
  checksums_.resize(memories);
  bytes_.resize(offsets_.back());
}

void RamLimit::Store(uint32_t index, const Memory& memory) {
  std::byte* const begin = bytes_.data() + offsets_[index];
  std::byte* at = begin;
  const auto append = [&at](const void* from, size_t size) {
    std::memcpy(at, from, size);
    at += size;
  };
  append(memory.embedding.data(), memory.embedding.size() * sizeof(float));
  append(&memory.confidence, sizeof(float));
  append(&memory.activation, sizeof(float));
  append(&memory.decay_rate, sizeof(float));
  append(&memory.created_at, sizeof(int64_t));
  append(&memory.last_access, sizeof(int64_t));
  append(&memory.access_count, sizeof(uint64_t));
  append(memory.id.data(), memory.id.size());
  append(memory.content->data(), memory.content->size());
  checksums_[index] = Checksum({begin, at}, index);
}

void RamLimit::Get(uint32_t index, std::vector<std::byte>& target) const {
  target.assign(bytes_.data() + offsets_[index], bytes_.data() + offsets_[index + 1]);
  ENGRAM_CHECK(Checksum(target, index) == checksums_[index], "RAM keeps its bytes");
}

uint64_t RamLimit::Fold(uint32_t index) const {
  const std::byte* const begin = bytes_.data() + offsets_[index];
  const size_t size = offsets_[index + 1] - offsets_[index];
  ENGRAM_CHECK(Checksum({begin, size}, index) == checksums_[index], "RAM keeps its bytes");
  return FoldBytes(begin, size);
}

uint64_t FoldBytes(const void* bytes, size_t size) {
  const auto* at = static_cast<const char*>(bytes);
  uint64_t sum = 0;
  for (; size >= sizeof(uint64_t); size -= sizeof(uint64_t), at += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, at, sizeof(word));
    sum += word;
  }
  for (; size > 0; --size, ++at) sum += static_cast<unsigned char>(*at);
  return sum;
}

DiskLimit::DiskLimit(const std::string& path, uint64_t bytes) : bytes_(bytes) {
  auto file = files_.Open(path, io::OpenMode::kCreateNew);
  ENGRAM_CHECK(file.ok(), file.status().ToString());
  file_ = *std::move(file);
  const std::vector<std::byte> piece(kMiB, std::byte{1});
  for (uint64_t at = 0; at < bytes; at += piece.size()) {
    ENGRAM_CHECK(io::WriteFully(*file_, {at}, piece).ok(), "the disk is full or broken");
  }
  Sync();
}

void DiskLimit::Write(std::span<const std::byte> source) {
  if (next_ + source.size() > bytes_) next_ = 0;
  ENGRAM_CHECK(io::WriteFully(*file_, {next_}, source).ok(), "the disk is full or broken");
  next_ += source.size();
}

void DiskLimit::Sync() { ENGRAM_CHECK(file_->SyncData().ok(), "the disk is broken"); }

}  // namespace engram::bench
