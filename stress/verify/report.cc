// Adding up outcomes, and the JSON of a run.

#include "stress/verify/report.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_format.h"
#include "model/tell/words.h"
#include "nlohmann/json.hpp"

namespace engram::verify {
namespace {

nlohmann::ordered_json ToJson(const Verdict& verdict) {
  return {{"program", verdict.program},       {"claim", verdict.claim},
          {"explorer", verdict.explorer},     {"token", verdict.token},
          {"executions", verdict.executions}, {"cpu_seconds", verdict.cpu_seconds},
          {"steps", verdict.steps},           {"interruptions", verdict.interruptions},
          {"exhausted", verdict.exhausted}};
}

nlohmann::ordered_json ToJson(const ProgramRow& row) {
  return {{"program", row.program},        {"classes", row.classes},
          {"executions", row.executions},  {"redundant", row.redundant},
          {"exhausted", row.exhausted},    {"failed", row.failed},
          {"cpu_seconds", row.cpu_seconds}};
}

nlohmann::ordered_json ToJson(const Part& part) {
  auto failures = nlohmann::ordered_json::array();
  for (const FailureReport& failure : part.failures) {
    failures.push_back({{"token", failure.token},
                        {"summary", failure.summary},
                        {"executions", failure.executions},
                        {"cpu_seconds", failure.cpu_seconds}});
  }
  auto verdicts = nlohmann::ordered_json::array();
  for (const Verdict& verdict : part.verdicts) verdicts.push_back(ToJson(verdict));
  auto programs = nlohmann::ordered_json::array();
  for (const ProgramRow& row : part.programs) programs.push_back(ToJson(row));
  auto kinds = nlohmann::ordered_json::object();
  for (const auto& [name, count] : part.operation_kinds) kinds[name] = count;
  return {{"name", part.suite},
          {"explorer", part.explorer},
          {"executions", part.executions},
          {"operations", part.operations},
          {"operation_kinds", kinds},
          {"scheduling_points", part.scheduling_points},
          {"crashes", part.crashes},
          {"recoveries", part.recoveries},
          {"faults", part.faults},
          {"seconds", part.seconds},
          {"event_hash", absl::StrFormat("%016x", part.event_hash)},
          {"failures", failures},
          {"redundant_executions", part.redundant},
          {"classes_met_again", part.classes_met_again},
          {"crashes_met_again", part.crashes_met_again},
          {"cpu_seconds", part.cpu_seconds},
          {"verdicts", verdicts},
          {"programs", programs}};
}

}  // namespace

bool Verdict::IsShorterThan(const Verdict& other) const {
  return std::tuple(interruptions, steps, token.size()) <
         std::tuple(other.interruptions, other.steps, other.token.size());
}

void Part::Add(const world::Program& program, const world::Outcome& outcome) {
  executions += outcome.executions;
  redundant += outcome.redundant;
  classes_met_again += outcome.classes_met_again;
  crashes_met_again += outcome.crashes_met_again;
  operations += outcome.operations;
  scheduling_points += outcome.steps;
  crashes += outcome.crashes;
  recoveries += outcome.crashes;
  faults += outcome.faults;
  cpu_seconds += outcome.cpu_seconds;
  event_hash = (event_hash ^ outcome.event_hash) * 0x9E3779B97F4A7C15u;
  event_hash ^= event_hash >> 29;
  const auto known = std::find_if(programs.begin(), programs.end(), [&](const ProgramRow& row) {
    return row.program == program.name;
  });
  ProgramRow& row = known != programs.end() ? *known : programs.emplace_back();
  row.program = program.name;
  row.classes += outcome.classes();
  row.executions += outcome.executions;
  row.redundant += outcome.redundant;
  row.exhausted |= outcome.exhausted;
  row.failed |= outcome.finding.has_value();
  row.cpu_seconds += outcome.cpu_seconds;
  for (size_t kind = 0; kind < outcome.operation_kinds.size(); ++kind) {
    if (outcome.operation_kinds[kind] == 0) continue;
    // It is called what its description begins with.
    const std::string text = program.describe({.kind = static_cast<uint8_t>(kind)});
    operation_kinds[text.substr(0, text.find(' '))] += outcome.operation_kinds[kind];
  }
}

bool Report::failed() const {
  return std::any_of(parts.begin(), parts.end(),
                     [](const Part& part) { return !part.failures.empty(); });
}

nlohmann::ordered_json ToJson(const Report& report) {
  auto suites = nlohmann::ordered_json::array();
  for (const Part& part : report.parts) suites.push_back(ToJson(part));
  return {{"seed", report.seed}, {"suites", suites}};
}

absl::StatusOr<std::map<std::string, ProgramRow>> DoneIn(const std::string& json) {
  const auto report = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  std::map<std::string, ProgramRow> done;
  if (report.is_discarded() || !report.is_object() || !report.contains("suites")) {
    return absl::InvalidArgumentError("this is no report of engram-verify run --json");
  }
  for (const auto& part : report["suites"]) {
    if (part.value("explorer", "") != "exhaustive" || !part.contains("programs")) continue;
    for (const auto& program : part["programs"]) {
      ProgramRow row;
      row.program = program.value("program", "");
      row.classes = program.value("classes", uint64_t{0});
      row.executions = program.value("executions", uint64_t{0});
      row.redundant = program.value("redundant", uint64_t{0});
      row.exhausted = program.value("exhausted", false);
      row.failed = program.value("failed", true);
      row.cpu_seconds = program.value("cpu_seconds", 0.0);
      if (row.is_done()) done.emplace(row.program, row);
    }
  }
  return done;
}

}  // namespace engram::verify
