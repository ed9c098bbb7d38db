// A failing execution as a text that needs no knowledge of the code: the promise, what happened,
// the operations, the diagram, what a crash left, what was made to fail, and how to see it again.

#include <string>
#include <string_view>

#include "model/explore/explore.h"
#include "model/tell/promises.h"
#include "model/tell/sequence_diagram.h"
#include "model/tell/story.h"
#include "model/tell/words.h"

namespace engram::world {
namespace {

constexpr size_t kProseColumns = 96;

void AddHeading(std::string& text, std::string_view heading) { text += Words("\n", heading, "\n"); }

void AddProse(std::string& text, const std::string& prose) {
  for (const std::string& line : WrapText(prose, kProseColumns)) text += Words("  ", line, "\n");
}

void AddOperations(std::string& text, const Program& program,
                   const std::vector<Operation>& operations) {
  if (operations.empty() || !program.describe) return;
  AddHeading(text, "THE OPERATIONS");
  for (const Operation& operation : operations) {
    const std::string id = Words(operation.id);
    text += Words(std::string(id.size() < 4 ? 4 - id.size() : 0, ' '), id, "  client ",
                  operation.client, "  ", program.describe(operation), "\n");
  }
}

// Explains the signs that the diagram uses.
std::string Legend(const Story& story) {
  bool buffers = false, folds = false;
  for (const EraStory& era : story.eras) {
    for (const Moment& moment : era.moments) {
      buffers = buffers || moment.by_buffer;
      folds = folds || moment.kind == Moment::Kind::kFold;
    }
  }
  std::string legend = "Time runs downwards. ● a step, with its number and place";
  if (buffers) legend += "; ○ a store leaves its thread's store buffer and others can see it";
  if (folds) legend += "; ┊ steps that do not matter here";
  legend += Words(". ", Counted(story.steps, "step", "steps"), " in all, ",
                  Counted(story.interruptions, "thread", "threads"),
                  " interrupted that could have gone on.");
  return legend;
}

void AddCrashes(std::string& text, const Story& story) {
  bool first = true;
  for (const EraStory& era : story.eras) {
    if (era.crash.empty()) continue;
    if (first) AddHeading(text, "WHAT THE CRASH LEFT");
    first = false;
    AddProse(text, era.crash);
    for (const std::string& loss : era.losses) AddProse(text, Words("- lost: ", loss));
    AddProse(text, era.losses.empty()
                       ? "- every write to a file survived"
                       : "- every other write to a file that was looked at survived");
  }
}

void AddFaults(std::string& text, const Story& story) {
  if (story.faults.empty()) return;
  AddHeading(text, "WHAT WAS MADE TO FAIL");
  for (const std::string& fault : story.faults) AddProse(text, Words("- ", fault));
}

}  // namespace

std::string Tell(const Program& program, const Finding& finding) {
  const Replayed replayed = Replay(program, finding.operations, finding.deviations, program.bounds);
  const Story story = MakeStory(replayed);

  std::string text = Words("'", program.name, "' fails: ", finding.failure.claim, "\n");
  AddHeading(text, "WHAT WAS PROMISED");
  AddProse(text, PromiseOf(finding.failure));
  AddHeading(text, "WHAT HAPPENED");
  AddProse(text, finding.failure.detail);
  AddOperations(text, program, finding.operations);
  AddHeading(text, "HOW IT CAME ABOUT");
  AddProse(text, Legend(story));
  text += Words("\n", TextDiagram(story));
  AddCrashes(text, story);
  AddFaults(text, story);
  if (!replayed.failure.has_value()) {
    AddHeading(text, "BUT");
    AddProse(text,
             "Run again just now, this execution did not fail: something that it depends on is "
             "not decided by the world.");
  }
  AddHeading(text, "SEE IT AGAIN");
  text += Words("  engram-verify replay '", finding.token, "'\n");
  return text;
}

}  // namespace engram::world
