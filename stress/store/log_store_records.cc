// One field after the other.

#include "stress/store/log_store_records.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

namespace engram::stress {
namespace {

void PutText(Bytes& bytes, std::string_view text) {
  Put(bytes, static_cast<uint32_t>(text.size()));
  const auto source = std::as_bytes(std::span(text));
  bytes.insert(bytes.end(), source.begin(), source.end());
}

// Reads numbers and texts, one after the other; zeros behind the end.
class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  template <typename T>
  T Take() {
    if (bytes_.size() < sizeof(T)) return T{};
    const T value = LoadLittleEndian<T>(bytes_.data());
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  std::string TakeText() {
    const size_t size = std::min<size_t>(Take<uint32_t>(), bytes_.size());
    std::string text(reinterpret_cast<const char*>(bytes_.data()), size);
    bytes_ = bytes_.subspan(size);
    return text;
  }

 private:
  std::span<const std::byte> bytes_;
};

}  // namespace

Bytes Encode(const LogRecord& record) {
  const Memory& memory = record.memory;
  Bytes bytes;
  Put(bytes, static_cast<uint32_t>(record.kind));
  Put(bytes, record.sequence.value);
  PutText(bytes, memory.id);
  Put(bytes, memory.confidence);
  Put(bytes, memory.activation);
  Put(bytes, memory.decay_rate);
  Put(bytes, memory.created_at);
  Put(bytes, memory.last_access);
  Put(bytes, memory.access_count);
  Put(bytes, static_cast<uint32_t>(memory.content.has_value()));
  PutText(bytes, memory.content.value_or(""));
  for (const float number : memory.embedding) Put(bytes, number);
  return bytes;
}

LogRecord Decode(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  LogRecord record;
  record.kind = static_cast<LogKind>(reader.Take<uint32_t>());
  record.sequence = {reader.Take<uint64_t>()};
  Memory& memory = record.memory;
  memory.id = reader.TakeText();
  memory.confidence = reader.Take<float>();
  memory.activation = reader.Take<float>();
  memory.decay_rate = reader.Take<float>();
  memory.created_at = reader.Take<int64_t>();
  memory.last_access = reader.Take<int64_t>();
  memory.access_count = reader.Take<uint64_t>();
  const bool has_content = reader.Take<uint32_t>() != 0;
  std::string content = reader.TakeText();
  if (has_content) memory.content = std::move(content);
  if (record.kind != LogKind::kStored) return record;
  memory.embedding.resize(kEmbeddingDimension);
  for (float& number : memory.embedding) number = reader.Take<float>();
  return record;
}

}  // namespace engram::stress
