// Tokens: an execution in one line of text.
//
// "program:payload", where payload is base64url (RFC 4648, no padding) of
//   - the version, 1, as a byte;
//   - the operations, then the deviations, each list after its length, as a row of nibbles, the low
//   one of
//     a byte first; a last half byte is zero;
//   - CRC-16/CCITT-FALSE of the program's name and all bytes before, high byte first.
// Each number is a varint in groups of three bits, least significant first, with the nibble's
// fourth bit saying that more follow: what is below 8 costs half a byte. An operation is {id,
// client, kind, key, value}, a deviation {thread, kind, operation, occurrence, value - 1}. An id is
// the signed distance from the id after the last operation's, a deviation's operation the signed
// distance from the last deviation's (zigzag, modulo 2^16).
//
// Every token has one text and every text at most one token. A token is evidence for one commit: it
// names decisions, and a build that does not make them refuses it as stale.

#ifndef ENGRAM_MODEL_EXPLORE_TOKEN_H_
#define ENGRAM_MODEL_EXPLORE_TOKEN_H_

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

#endif  // ENGRAM_MODEL_EXPLORE_TOKEN_H_
