// Reports of the store as JSON: one field for each of api/reports.h, under its name there. Adding a
// field is no change that a reader may stumble over; renaming or removing one is.

#ifndef ENGRAM_CLI_REPORT_JSON_H_
#define ENGRAM_CLI_REPORT_JSON_H_

#include <string>
#include <string_view>

#include "api/reports.h"
#include "base/body.h"
#include "nlohmann/json.hpp"

namespace engram::inline ENGRAM_BODY::cli {

using Json = nlohmann::ordered_json;

Json ToJson(const Statistics& statistics);
Json ToJson(const Damage& damage);
Json ToJson(const RecoveryReport& report);
Json ToJson(const VerifyReport& report);

// As one document for people and programs; bytes of ids that are no UTF-8 are replaced.
std::string Printed(const Json& json);

}  // namespace engram::inline ENGRAM_BODY::cli

#endif  // ENGRAM_CLI_REPORT_JSON_H_
