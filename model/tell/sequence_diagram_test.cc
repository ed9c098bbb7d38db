// Diagrams of executions written down by hand: what must be seen, what must be folded, and how wide
// it may be.

#include "model/tell/sequence_diagram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "model/tell/object_names.h"
#include "model/tell/promises.h"
#include "model/tell/sequence_diagram_testing.h"
#include "model/tell/words.h"

namespace engram::world {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

size_t WidestOf(const std::string& text) {
  size_t widest = 0;
  for (const std::string& line : LinesOf(text)) widest = std::max(widest, CharactersOf(line));
  return widest;
}

// The one line that has `part` in it; fails if there is none or several.
std::string LineWith(const std::string& text, const std::string& part) {
  std::string found;
  for (const std::string& line : LinesOf(text)) {
    if (line.find(part) == std::string::npos) continue;
    EXPECT_EQ(found, "") << "more than one line has " << part;
    found = line;
  }
  EXPECT_NE(found, "") << "no line has " << part << " in\n" << text;
  return found;
}

size_t ColumnOf(const std::string& line, const std::string& part) {
  return CharactersOf(line.substr(0, line.find(part)));
}

TEST(TextDiagram, HasAColumnPerThreadInOrder) {
  const std::string text = TextDiagram(MakeStory(ForeignBytesTrace()));
  const std::string names = LinesOf(text).front();
  EXPECT_THAT(names, testing::ContainsRegex("main +compaction +reader"));
  // What a thread does stands in its column.
  const size_t compaction = ColumnOf(names, "compaction"), reader = ColumnOf(names, "reader");
  EXPECT_EQ(ColumnOf(LineWith(text, "┌ compact"), "┌"), compaction);
  EXPECT_EQ(ColumnOf(LineWith(text, "┌ get b"), "┌"), reader);
}

TEST(TextDiagram, ShowsTheInterruptionAsAnArrow) {
  const std::string text = TextDiagram(MakeStory(ForeignBytesTrace()));
  EXPECT_THAT(LineWith(text, "interrupted"), HasSubstr("▶"));
  EXPECT_LT(text.find("┌ compact"), text.find("interrupted"));
  EXPECT_LT(text.find("interrupted"), text.find("┌ get b"));
}

TEST(TextDiagram, MarksTheCallThatTheVerdictNames) {
  const std::string text = TextDiagram(MakeStory(ForeignBytesTrace()));
  EXPECT_THAT(LineWith(text, "◀━━"), HasSubstr("b=\"apple\""));
}

TEST(TextDiagram, TellsTheObjectAndThePlaceOfAStep) {
  sync::Location here;
  TraceWriter trace({"main", "other"});
  struct {
    sync::Location Lock(const sync::Location& where = sync::Location::current()) { return where; }
  } content;
  here = content.Lock();
  trace.Step(0, StepKind::kLock, 7, Access::kWrite, here)
      .Step(1, StepKind::kLock, 7, Access::kWrite, here);
  const std::string text = TextDiagram(MakeStory(trace.Done()));
  // The object's name is read from this file, if it is where the tests are built from.
  EXPECT_THAT(text, testing::AnyOf(HasSubstr("lock content"), HasSubstr("lock mutex 1")));
  EXPECT_THAT(text, HasSubstr(Words("(sequence_diagram_test.cc:", here.line(), ")")));
}

TEST(TextDiagram, ShowsACrashAndWhatItLost) {
  TraceWriter trace({"main"});
  trace.Begin(0, 1, "store a=\"apple\"")
      .Step(0, StepKind::kWrite, 3)
      .Step(0, StepKind::kSync, 3)
      .Crash(0, 1)
      .Step(0, StepKind::kRead, 3, Access::kRead)
      .Decide(kThreadsMax - 1, ChoiceKind::kSurvive, 2, /*operation=*/1, /*occurrence=*/4)
      .Remark(0, "finds nothing")
      .Fail(FailureKind::kClaim, "lost after sync", "gone");
  const Story story = MakeStory(trace.Done());
  ASSERT_EQ(story.eras.size(), 2u);
  EXPECT_EQ(story.eras[0].losses.size(), 1u);
  const std::string text = TextDiagram(story);
  EXPECT_THAT(LineWith(text, "power loss"), HasSubstr("════"));
  EXPECT_THAT(text, HasSubstr("the last 2 writes to page 4 of file 1"));
  EXPECT_LT(text.find("store a"), text.find("power loss"));
  EXPECT_LT(text.find("power loss"), text.find("finds nothing"));
}

TEST(TextDiagram, ShowsAFaultWhereItHappens) {
  TraceWriter trace({"main"});
  trace.Step(0, StepKind::kSync, 3).Decide(0, ChoiceKind::kFault, 1).Step(0, StepKind::kRead, 3);
  const Story story = MakeStory(trace.Done());
  ASSERT_EQ(story.faults.size(), 1u);
  EXPECT_THAT(TextDiagram(story), HasSubstr("× fails: I/O error (EIO)"));
}

TEST(TextDiagram, FoldsStepsOnWhatIsNotShared) {
  TraceWriter trace({"main", "other"});
  trace.Step(0, StepKind::kStore, 1).Step(1, StepKind::kLoad, 1, Access::kRead);
  for (uint32_t object = 10; object < 60; ++object) trace.Step(1, StepKind::kStore, object);
  trace.Step(1, StepKind::kLoad, 1, Access::kRead);
  const Story story = MakeStory(trace.Done());
  EXPECT_EQ(story.steps_folded, 50u);
  EXPECT_THAT(TextDiagram(story), HasSubstr("┊ 50 steps"));
}

TEST(TextDiagram, FoldsMoreWhenTheStoryIsLong) {
  TraceWriter trace({"main", "other"});
  for (uint32_t i = 0; i < 1000; ++i) {
    trace.Step(0, StepKind::kStore, i % 2 + 1).Step(1, StepKind::kStore, i % 2 + 1);
    if (i == 500) trace.Decide(1, ChoiceKind::kSchedule, 1);
  }
  const Story story = MakeStory(trace.Done(), 60);
  EXPECT_GT(story.steps_folded, 1900u);
  EXPECT_THAT(TextDiagram(story), HasSubstr("◀"));
}

TEST(TextDiagram, LeavesOutAMainThreadThatOnlyWaits) {
  TraceWriter trace({"main", "first", "second"});
  trace.Step(0, StepKind::kSpawn, 99)
      .Step(1, StepKind::kStore, 1)
      .Step(2, StepKind::kStore, 1)
      .Step(0, StepKind::kJoin, 99);
  EXPECT_THAT(TextDiagram(MakeStory(trace.Done())), Not(HasSubstr("main")));
}

TEST(TextDiagram, StaysWithin120ColumnsWhateverTheThreads) {
  for (const size_t threads : {1u, 3u, 5u, 8u, 9u, 20u}) {
    std::vector<std::string> names;
    for (size_t i = 0; i < threads; ++i) {
      names.push_back(Words("a thread with a long name, number ", i));
    }
    TraceWriter trace(names);
    for (uint8_t i = 0; i < static_cast<uint8_t>(threads); ++i) {
      trace.Begin(i, i, std::string(200, 'x') + " and some words behind it, ü, → and ×")
          .Step(i, StepKind::kStore, 1)
          .End(i, "done");
    }
    const std::string text = TextDiagram(MakeStory(trace.Done()));
    EXPECT_LE(WidestOf(text), kDiagramColumnsMax) << text;
    EXPECT_THAT(text, HasSubstr("done"));
  }
}

TEST(TextDiagram, AnArrowToAThreadWithoutMomentsLeadsToTheNextThatHasSome) {
  TraceWriter trace({"main", "first", "idle", "second"});
  trace.Step(1, StepKind::kStore, 1)
      .Decide(1, ChoiceKind::kSchedule, 1)
      .Step(2, StepKind::kStart, 99)
      .Step(2, StepKind::kExit, 99)
      .Step(3, StepKind::kStore, 1)
      .Step(1, StepKind::kStore, 1);
  const std::string text = TextDiagram(MakeStory(trace.Done()));
  EXPECT_THAT(text, Not(HasSubstr("idle")));
  EXPECT_THAT(LineWith(text, "interrupted"), HasSubstr("▶"));
}

TEST(TextDiagram, NamesThreadsThatWaitForever) {
  TraceWriter trace({"main", "first", "second"});
  trace.Step(1, StepKind::kLock, 1)
      .Step(2, StepKind::kLock, 2)
      .Step(0, StepKind::kExit, 99)
      .Fail(FailureKind::kDeadlock, "deadlock", "...");
  const std::string text = TextDiagram(MakeStory(trace.Done()));
  const std::vector<std::string> lines = LinesOf(text);
  EXPECT_EQ(std::count_if(
                lines.begin(), lines.end(),
                [](const std::string& line) { return line.find("waits forever") < line.size(); }),
            2);
}

TEST(Story, TellsInterruptionsFromSwitchesOfBlockedThreads) {
  const auto interruptions = [](bool held) {
    TraceWriter trace({"main", "first", "second"});
    if (held) trace.Step(2, StepKind::kLock, 1);
    trace.Step(1, StepKind::kStore, 5)
        .Decide(1, ChoiceKind::kSchedule, 1)
        .Step(2, StepKind::kStore, 5);
    if (held) trace.Step(2, StepKind::kUnlock, 1);
    trace.Step(1, StepKind::kLock, 1);
    return MakeStory(trace.Done()).interruptions;
  };
  EXPECT_EQ(interruptions(false), 1u);
  EXPECT_EQ(interruptions(true), 0u);
}

TEST(Story, CountsRepeatedStepsAsOneMoment) {
  TraceWriter trace({"main", "other"});
  trace.Step(0, StepKind::kStore, 1);
  const sync::Location here = sync::Location::current();
  for (int i = 0; i < 5; ++i) trace.Step(1, StepKind::kLoad, 1, Access::kRead, here);
  EXPECT_THAT(TextDiagram(MakeStory(trace.Done())), HasSubstr("×5"));
}

TEST(Story, OfNothingIsEmpty) {
  EXPECT_EQ(TextDiagram(MakeStory(Replayed{})), "");
  EXPECT_THAT(SvgDiagram(MakeStory(Replayed{}), "nothing", ""), HasSubstr("</svg>"));
}

TEST(SvgDiagram, IsWellFormedAndSelfContained) {
  Replayed trace = ForeignBytesTrace();
  trace.notes[0].text = "store a=\"<&>\x01\"";
  const std::string svg = SvgDiagram(MakeStory(trace), "a < b & \"c\"", "subtitle");
  EXPECT_THAT(svg, testing::StartsWith("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; &quot;c&quot;"));
  EXPECT_THAT(svg, HasSubstr("&lt;&amp;&gt; "));
  EXPECT_THAT(svg, Not(HasSubstr("href")));
  EXPECT_THAT(svg, Not(HasSubstr("url(http")));
  // Every element that is opened is closed, in order.
  std::vector<std::string> open;
  for (size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
    const std::string tag = svg.substr(at + 1, svg.find('>', at) - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" /", 1));
    if (tag.back() == '/') continue;
    if (tag.front() != '/') {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty());
    EXPECT_EQ(Words("/", open.back()), tag);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(SvgDiagram, HighlightsTheFatalCallAndTheInterruption) {
  const std::string svg = SvgDiagram(MakeStory(ForeignBytesTrace()), "title", "subtitle");
  EXPECT_THAT(svg, HasSubstr("class=\"fatal\""));
  EXPECT_THAT(svg, HasSubstr("class=\"cut\""));
  EXPECT_THAT(svg, HasSubstr("class=\"verdict\""));
  EXPECT_THAT(svg, HasSubstr("prefers-color-scheme: dark"));
}

TEST(WrapText, BreaksAtSpacesAndCutsLongWords) {
  EXPECT_EQ(WrapText("one two three", 7), (std::vector<std::string>{"one two", "three"}));
  EXPECT_EQ(WrapText("a\n\nb", 7), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(WrapText("abcdefgh", 3), (std::vector<std::string>{"abc", "def", "gh"}));
  EXPECT_EQ(WrapText("größe über", 5), (std::vector<std::string>{"größe", "über"}));
  EXPECT_EQ(WrapText("", 5), (std::vector<std::string>{""}));
}

TEST(ExpressionAt, FindsWhatACallIsAbout) {
  const auto at = [](std::string_view line, std::string_view call) {
    return ExpressionAt(line, static_cast<uint32_t>(line.find(call)) + 1);
  };
  EXPECT_EQ(at("  content_.Lock();", "Lock"), "content_");
  EXPECT_EQ(at("  block->offset.Store(1, order);", "Store"), "block->offset");
  EXPECT_EQ(at("  if (places_[i % n].epoch.Load(x) > 0) {", "Load"), "places_[i % n].epoch");
  EXPECT_EQ(at("  int seen = count.Load(order);", "Load"), "count");
  EXPECT_EQ(at("  sync::MutexLock lock(content_);", "lock("), "content_");
  EXPECT_EQ(at("  sync::MutexLock lock{accounts_[f(a, b)], b};", "lock{"), "accounts_[f(a, b)]");
  EXPECT_EQ(at("  this->mutex_.Lock();", "Lock"), "mutex_");
  EXPECT_EQ(at("  a_rather_long_name.another_very_long_name.offset.Load();", "Load"), "offset");
  EXPECT_EQ(at("  Lock();", "Lock"), "");
  EXPECT_EQ(ExpressionAt("short", 99), "");
  EXPECT_EQ(ExpressionAt("short", 0), "");
}

TEST(PromiseOf, HasASentenceForEveryKindOfFailure) {
  for (const FailureKind kind :
       {FailureKind::kDeadlock, FailureKind::kLostWakeup, FailureKind::kLockOrder,
        FailureKind::kStarvation, FailureKind::kDataRace, FailureKind::kException,
        FailureKind::kStaleToken}) {
    EXPECT_THAT(PromiseOf({kind, "claim", ""}), Not(HasSubstr("claim")));
  }
  EXPECT_THAT(PromiseOf({FailureKind::kClaim, "resurrection", ""}), HasSubstr("stays removed"));
  EXPECT_THAT(PromiseOf({FailureKind::kClaim, "no increment is lost", ""}),
              HasSubstr("no increment is lost"));
}

}  // namespace
}  // namespace engram::world
