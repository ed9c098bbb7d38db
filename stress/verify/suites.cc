// The registry, and running several suites one after the other.

#include "stress/verify/suites.h"

#include <utility>

#include "api/memory_store.h"
#include "model/tell/words.h"
#include "stress/verify/self_suite.h"
#include "stress/verify/specimens_suite.h"
#include "stress/verify/store_suites.h"

namespace engram::verify {

const std::vector<Suite>& Suites() {
  static const std::vector<Suite>& suites = *[] {
    auto* all = new std::vector<Suite>{MakeSelfSuite(), MakeSpecimensSuite()};
    const auto open = [](io::FileSystem& files, const std::string& path, const Options& options) {
      return MemoryStore::Open(files, path, options);
    };
    for (Suite& suite : MakeStoreSuites(open)) all->push_back(std::move(suite));
    return all;
  }();
  return suites;
}

const Suite* FindSuite(std::string_view name) {
  for (const Suite& suite : Suites()) {
    if (suite.name == name) return &suite;
  }
  return nullptr;
}

const ProgramEntry* FindProgram(std::string_view name) {
  static const std::vector<ProgramEntry>& entries = *[] {
    auto* all = new std::vector<ProgramEntry>();
    for (const Suite& suite : Suites()) {
      for (ProgramEntry& entry : suite.programs()) all->push_back(std::move(entry));
    }
    return all;
  }();
  for (const ProgramEntry& entry : entries) {
    if (entry.program.name == name) return &entry;
  }
  return nullptr;
}

Report RunSuites(const std::vector<const Suite*>& suites, SuiteRun& run) {
  Report report;
  report.seed = run.seed;
  double weight_left = 0;
  for (const Suite* suite : suites) weight_left += suite->weight;
  Allowance whole = run.allowance;
  for (const Suite* suite : suites) {
    // Time that an earlier suite did not need goes to the later ones; executions are shared out in
    // advance, so that what one suite explores does not depend on another.
    SuiteRun own = run;
    own.allowance = whole.Part(suite->weight / weight_left);
    if (!whole.counts_executions()) weight_left -= suite->weight;
    SuiteResult result = suite->run(own);
    whole.Extend(own.allowance.extended());
    run.executions = own.executions;
    run.cpu_seconds = own.cpu_seconds;
    for (Part& part : result.parts) report.parts.push_back(std::move(part));
    report.scoreboard += result.scoreboard;
    if (run.stop_at_failure && report.failed()) break;
  }
  return report;
}

FailureReport ReportOf(const world::Program& program, const world::Finding& finding) {
  return {finding.token, world::Words(program.name, ": ", finding.failure.claim),
          world::Tell(program, finding)};
}

FailureReport ReportOf(const world::Program& program, const world::Outcome& outcome,
                       const SuiteRun& run) {
  const world::Finding& finding = *outcome.finding;
  FailureReport report = ReportOf(program, finding);
  report.executions = run.executions - outcome.executions + finding.executions;
  report.cpu_seconds = run.cpu_seconds - outcome.cpu_seconds + finding.cpu_seconds;
  return report;
}

}  // namespace engram::verify
