// Numbers and reports as people read them.

#ifndef ENGRAM_CLI_WORDS_H_
#define ENGRAM_CLI_WORDS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "api/reports.h"
#include "base/body.h"

namespace engram::inline ENGRAM_BODY::cli {

// 1234567 as 1,234,567.
std::string Grouped(uint64_t number);
// "1 memory", "2,000 memories".
std::string Counted(uint64_t number, std::string_view one, std::string_view many);
// What is damaged, where, and how that was seen, on one line. An id is quoted, with escapes.
std::string Told(const Damage& damage);
// How the store was found, as one or more sentences; but for the list of damages.
std::string Told(const RecoveryReport& report);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_WORDS_H_
