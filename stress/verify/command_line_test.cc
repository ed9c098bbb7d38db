// The command line from outside: what it prints, what it writes, what it exits with.

#include "stress/verify/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "model/explore/explore.h"
#include "nlohmann/json.hpp"
#include "stress/specimens/specimens.h"

namespace engram::verify {
namespace {

using testing::HasSubstr;

struct Ended {
  int status = 0;
  std::string out;
  std::string err;
};

Ended Call(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"engram-verify"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Ended ended;
  ended.status = Main(static_cast<int>(argv.size()), argv.data());
  ended.out = testing::internal::GetCapturedStdout();
  ended.err = testing::internal::GetCapturedStderr();
  return ended;
}

std::string Slurp(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string TempPath(const std::string& name) {
  return testing::TempDir() + "engram_" + std::to_string(getpid()) + "_" + name;
}

// The token of a minimal execution of `program` that breaks `claim`.
std::string TokenOf(const std::string& program, const std::string& claim) {
  const specimens::Specimen* specimen = specimens::FindSpecimen(program);
  world::Budget budget;
  budget.executions_max = 10'000;
  budget.stop_at_finding = false;
  budget.findings_max = specimen->condemned_for.size();
  const world::Outcome outcome =
      world::Explore(specimen->program, {}, specimen->program.bounds, budget);
  for (const world::Finding& finding : outcome.findings) {
    if (finding.failure.claim == claim) return finding.token;
  }
  ADD_FAILURE() << "no token for " << claim;
  return "";
}

TEST(CommandLine, WhatCannotBeUnderstoodExitsWith2) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"explore"},
      {"run"},
      {"run", "--suite", "self"},
      {"run", "--suite", "nothing", "--executions", "10"},
      {"run", "--budget", "soon"},
      {"run", "--budget", "1s", "--executions", "10"},
      {"run", "--executions", "0"},
      {"run", "--executions", "10", "--explorer", "genius"},
      {"run", "--executions", "10", "--json", "/nowhere/report.json"},
      {"replay"},
      {"replay", "not a token"},
      {"replay", "no_such_program:AQAAAAA"},
      {"shrink", "not a token"},
      {"determinism", "--executions", "10", "--against", "/nowhere/hashes"},
  };
  for (const std::vector<std::string>& arguments : wrong) {
    const Ended ended = Call(arguments);
    EXPECT_EQ(ended.status, 2) << testing::PrintToString(arguments);
    EXPECT_NE(ended.err, "") << testing::PrintToString(arguments);
  }
}

TEST(CommandLine, HelpAndListExitWith0) {
  EXPECT_EQ(Call({"--help"}).status, 0);
  const Ended list = Call({"list"});
  EXPECT_EQ(list.status, 0);
  EXPECT_THAT(list.out, HasSubstr("offsets_first"));
  EXPECT_THAT(list.out, HasSubstr("expected: 90 classes"));
}

TEST(CommandLine, RunWritesAReportAndIsQuietOtherwise) {
  const std::string path = TempPath("report.json");
  const Ended ended =
      Call({"run", "--suite", "self", "--executions", "100", "--seed", "9", "--json", path});
  EXPECT_EQ(ended.status, 0) << ended.out;
  EXPECT_EQ(ended.err, "");  // no progress line where there is no terminal
  const auto json = nlohmann::json::parse(Slurp(path));
  std::filesystem::remove(path);
  EXPECT_EQ(json["seed"], 9);
  ASSERT_EQ(json["suites"].size(), 3u);
  EXPECT_GT(json["suites"][0]["executions"], 100);
  EXPECT_EQ(json["suites"][0]["event_hash"].get<std::string>().size(), 16u);
}

TEST(CommandLine, WhatAReportHasDoneIsNotDoneAgain) {
  const std::string path = TempPath("resumed.json");
  const auto run = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"run",   "--suite", "crash_pairs", "--executions",
                                          "99999", "--json",  path};
    arguments.insert(arguments.end(), more.begin(), more.end());
    EXPECT_EQ(Call(arguments).status, 0);
    return nlohmann::json::parse(Slurp(path))["suites"].at(0);
  };
  const auto whole = run({});
  ASSERT_FALSE(whole["programs"].empty());
  EXPECT_GT(whole["executions"], 0);
  EXPECT_EQ(whole["programs"].at(0)["exhausted"], true);
  std::filesystem::copy_file(path, path + ".before");
  const auto resumed = run({"--resume", path + ".before"});
  EXPECT_EQ(resumed["executions"], 0);
  EXPECT_EQ(resumed["programs"], whole["programs"]) << "they are handed on";
  std::filesystem::remove(path + ".before");
  std::filesystem::remove(path);
  EXPECT_EQ(Call({"run", "--budget", "1s", "--resume", "nowhere"}).status, 2);
}

TEST(CommandLine, ReplayTellsTheFailureAndExitsWith1) {
  const std::string token = TokenOf("offsets_first", "another memory's bytes");
  const std::string picture = TempPath("picture.svg");
  const Ended ended = Call({"replay", token, "--svg", picture});
  EXPECT_EQ(ended.status, 1);
  for (const char* part :
       {"'offsets_first' fails: another memory's bytes", "WHAT WAS PROMISED", "WHAT HAPPENED",
        "THE OPERATIONS", "compact", "HOW IT CAME ABOUT", "interrupted", "SEE IT AGAIN"}) {
    EXPECT_THAT(ended.out, HasSubstr(part));
  }
  EXPECT_THAT(ended.out, HasSubstr("engram-verify replay '" + token + "'"));
  EXPECT_THAT(Slurp(picture), HasSubstr("</svg>"));
  std::filesystem::remove(picture);
}

TEST(CommandLine, ShrinkPrintsATokenOfTheSameFailure) {
  const std::string token = TokenOf("offsets_first", "false corruption");
  const Ended shrunk = Call({"shrink", token});
  EXPECT_EQ(shrunk.status, 0);
  // What a run prints is minimal already.
  EXPECT_EQ(shrunk.out, token + "\n");
}

TEST(CommandLine, DamagedTokensAreRefused) {
  const std::string token = TokenOf("offsets_first", "another memory's bytes");
  for (size_t i = 0; i < token.size(); ++i) {
    std::string damaged = token;
    damaged[i] = damaged[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(Call({"replay", damaged}).status, 2) << damaged;
  }
}

TEST(CommandLine, ATokenOfAnotherProgramIsStale) {
  const std::string token = TokenOf("offsets_first", "another memory's bytes");
  const Ended ended = Call({"replay", "two_writers" + token.substr(token.find(':'))});
  EXPECT_EQ(ended.status, 2);
}

TEST(CommandLine, DeterminismReportsNoMismatch) {
  const std::string path = TempPath("hashes");
  EXPECT_EQ(Call({"determinism", "--executions", "200", "--write", path}).status, 0);
  const Ended ended = Call({"determinism", "--executions", "200", "--against", path});
  EXPECT_EQ(ended.status, 0);
  EXPECT_THAT(ended.out, HasSubstr("0 mismatching event hashes"));
  EXPECT_EQ(Call({"determinism", "--executions", "200", "--seed", "2", "--against", path}).status,
            1);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace engram::verify
