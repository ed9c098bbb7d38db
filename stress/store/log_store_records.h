// Records of the log of LogStore: {kind, sequence, id, memory}.

#ifndef ENGRAM_STRESS_STORE_LOG_STORE_RECORDS_H_
#define ENGRAM_STRESS_STORE_LOG_STORE_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "api/memory.h"
#include "base/coding.h"
#include "base/units.h"

namespace engram::stress {

using Bytes = std::vector<std::byte>;

template <typename T>
void Put(Bytes& bytes, T value) {
  bytes.resize(bytes.size() + sizeof(T));
  StoreLittleEndian(bytes.data() + bytes.size() - sizeof(T), value);
}

enum class LogKind : uint8_t { kStored, kRemoved, kMadeWarm, kMadeCold };

struct LogRecord {
  LogKind kind = LogKind::kStored;
  Sequence sequence;
  Memory memory;  // of other kinds than kStored its id alone
};

Bytes Encode(const LogRecord& record);
// Bytes that are missing are zeros.
LogRecord Decode(std::span<const std::byte> bytes);

}  // namespace engram::stress

#endif  // ENGRAM_STRESS_STORE_LOG_STORE_RECORDS_H_
