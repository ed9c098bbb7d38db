// Claim: what `engram export` writes, `engram import` makes again, bit by bit in every field,
// whatever a memory is; and the same memories are always the same lines.
//
// Method: RapidCheck draws memories full of extremes, with ids and contents of any characters, in
// tiers of any kind; they go through the command, and every memory and both exports are compared.
//
// Not covered: lines that other programs write, and such that are wrong:
// src/cli/export_and_import_test.cc.
//
// Requirements: D1, D2.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "cli/command_line.h"
#include "model/reference_store.h"
#include "properties/arbitrary_memory.h"
#include "properties/trial_store.h"

namespace engram::properties {
namespace {

// Any characters, those included that JSON escapes, and none that UTF-8 has not.
rc::Gen<std::string> AnyText() {
  const auto character = rc::gen::oneOf(
      rc::gen::inRange<uint32_t>(0, 0x80), rc::gen::inRange<uint32_t>(0x80, 0x800),
      rc::gen::inRange<uint32_t>(0x800, 0xD800), rc::gen::inRange<uint32_t>(0xE000, 0x10000),
      rc::gen::inRange<uint32_t>(0x10000, 0x110000));
  return rc::gen::map(rc::gen::container<std::vector<uint32_t>>(character),
                      [](const std::vector<uint32_t>& characters) {
                        std::string text;
                        for (const uint32_t c : characters) {
                          const auto byte = [&](uint32_t b) { text += static_cast<char>(b); };
                          if (c < 0x80) {
                            byte(c);
                          } else if (c < 0x800) {
                            byte(0xC0 | c >> 6);
                          } else if (c < 0x10000) {
                            byte(0xE0 | c >> 12);
                          } else {
                            byte(0xF0 | c >> 18);
                          }
                          if (c >= 0x10000) byte(0x80 | (c >> 12 & 0x3F));
                          if (c >= 0x800) byte(0x80 | (c >> 6 & 0x3F));
                          if (c >= 0x80) byte(0x80 | (c & 0x3F));
                        }
                        return text;
                      });
}

std::string RunOrFail(std::vector<std::string> arguments, const std::string& in) {
  std::istringstream input(in);
  std::ostringstream out;
  std::ostringstream err;
  const int status = cli::Run(std::move(arguments), {input, out, err});
  if (status != cli::kExitOk) RC_FAIL(err.str());
  return std::move(out).str();
}

RC_GTEST_PROP(ExportAndImportAreExact, OfAnyMemories, ()) {
  std::vector<Memory> memories;
  std::set<std::string> ids;
  const int count = *rc::gen::inRange(1, 8);
  for (int i = 0; i < count; ++i) {
    std::string id = *AnyText() + std::to_string(i);
    if (id.size() > kIdBytesMax) continue;
    memories.push_back(*AnyMemory(id));
    if (*rc::gen::arbitrary<bool>()) memories.back().content = *AnyText();
    ids.insert(id);
  }
  TrialStore store;
  std::vector<std::string> cold;
  for (const Memory& memory : memories) {
    RC_ASSERT(IsValidUtf8(memory.id));
    RC_ASSERT(store->Store(memory).ok());
    if (*rc::gen::arbitrary<bool>()) cold.push_back(memory.id);
  }
  RC_ASSERT(store->Migrate(cold, Tier::kCold).ok());
  const TrialFile backup;
  RC_ASSERT(store->Backup(backup.path()).ok());

  const std::string lines = RunOrFail({"export", backup.path()}, "");
  const TrialFile copy;
  RunOrFail({"import", "--create", copy.path()}, lines);
  RC_ASSERT(RunOrFail({"export", copy.path()}, "") == lines);
  auto copied = MemoryStore::Open(copy.path(), {});
  RC_ASSERT(copied.ok());
  RC_ASSERT((*copied)->Count() == memories.size());
  for (const Memory& memory : memories) {
    const auto got = (*copied)->Get(memory.id);
    RC_ASSERT(got.ok());
    RC_ASSERT(got->memory.has_value());
    RC_ASSERT(model::SameBits(*got->memory, memory));
  }
}

}  // namespace
}  // namespace engram::properties
