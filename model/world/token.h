// Tokens: an execution in one line of text.
//
// "program:payload" where payload is base64url (RFC 4648, no padding) of: version byte 1, the operations and
// the deviations as counted lists of varints, and a 16-bit checksum. A token is evidence for one commit: it
// names decisions, and a build that does not make them refuses it as stale.

#ifndef ENGRAM_MODEL_WORLD_TOKEN_H_
#define ENGRAM_MODEL_WORLD_TOKEN_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "model/world/choices.h"
#include "model/world/program.h"

namespace engram::world {

struct DecodedToken {
  std::string program;
  std::vector<Operation> operations;
  std::vector<Deviation> deviations;
};

// REQUIRES: `program` has no ':'.
std::string EncodeToken(std::string_view program, std::span<const Operation> operations,
                        std::span<const Deviation> deviations);

// INVALID_ARGUMENT naming what is wrong with the text; never crashes, whatever the text.
absl::StatusOr<DecodedToken> DecodeToken(std::string_view token);

}  // namespace engram::world

#endif  // ENGRAM_MODEL_WORLD_TOKEN_H_
