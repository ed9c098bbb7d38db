"""Tests of ci/mutants on a source of its own, which is read, mutated, built and run: what must be
mutated is, what must not be is not, the copy does the same without a mutant, and a mutant that
nothing sees, or that nothing comes by, is told as one that survived.
"""

import os
import subprocess
import tempfile

import mutant_sites
import mutant_tree
import mutant_trials
import mutants_report

FLAGS = ["-std=c++20"]
# Its main checks First and Loop, comes by Unseen without looking, and never by Unreached.
SOURCE = """#include <algorithm>
#include <vector>
#define ENGRAM_CHECK(condition, detail) static_cast<void>(condition)
#define ENGRAM_RETURN_IF_ERROR(expression) do { if (int e = (expression)) return e; } while (false)
constexpr int kBound = 2 + 3;
int Fails(int value) { return value; }
std::vector<int> numbers;
bool First(int a, int b) {
  ENGRAM_CHECK(a + 1 < 1000, "text");
  numbers.reserve(8);
  numbers.push_back(a);
  // a < b in a comment
  if (a < b && b > 0) return true;
  return false;
}
struct Place { int x, y; } places[2];
void Orderless() {
  places[1].x = 1;
  places[1].y = 2;
}
int Unseen(int a) {
  int unused = a + 7;
  unused += 2;
  return 0;
}
int Unreached(int a) { return std::min(a - 1, 4); }
int Loop(int a) {
  ENGRAM_RETURN_IF_ERROR(Fails(a));
  int left = 3;
  while (left > 0) {
    --left;
  }
  return left;
}
int main(int count, char**) {
  if (count == 99) return Unreached(count);
  Unseen(count);
  const bool right = First(1, 2) && !First(2, 2) && !First(2, 1) && !First(-2, -1) &&
                     numbers.size() == 4 && Loop(0) == 0 && Loop(7) == 7;
  return right ? 0 : 1;
}
"""

FOUND = (
    ("First", "compare", "a < b", "a <= b"),
    ("First", "and/or", "a < b && b > 0", "(a < b) || (b > 0)"),
    ("First", "never", "a < b && b > 0", "false"),
    ("First", "negate condition", "a < b && b > 0", "!(a < b && b > 0)"),
    ("First", "off by one", "0", "0 + 1"),
    ("First", "negate result", "true", "false"),
    ("First", "drop call", "numbers.push_back(a);", "nothing"),
    ("Unseen", "drop assignment", "unused += 2;", "nothing"),
    ("Unseen", "arithmetic", "unused += 2", "unused -= 2"),
    ("Unseen", "arithmetic", "a + 7", "a - 7"),
    ("Unreached", "min/max", "std::min(a - 1, 4)", "std::max(a - 1, 4)"),
    ("Loop", "ignore error", "ENGRAM_RETURN_IF_ERROR(Fails(a));", "static_cast<void>(Fails(a));"),
    ("Loop", "arithmetic", "--left", "++left"),
    ("Loop", "drop assignment", "--left;", "nothing"),
)
NOT_FOUND = ("Orderless | swap", "reserve", "1000", "in a comment", "2 + 3", "text")


def found(folder):
    path = "sample.cc"
    with open(os.path.join(folder, path), "w", encoding="latin-1") as stream:
        stream.write(SOURCE)
    return mutant_sites.mutants_of(folder, path, FLAGS)


def what_is_mutated(mutants):
    keys = {mutant.key() for mutant in mutants}
    for function, operator, before, after in FOUND:
        yield (f"{operator} of {before}",
               f"sample.cc | {function} | {operator} | {before} -> {after}" in keys)
    for text in NOT_FOUND:
        yield f"{text} is left alone", not any(text in key for key in keys)
    yield "each key is one mutant's", len(keys) == len(mutants)


def what_is_drawn(mutants):
    drawn = mutant_tree.chosen(mutants, 6, 1)
    yield "so many are drawn as were asked for", len(drawn) == 6
    yield "in order of their places", [mutant.number for mutant in drawn] == [1, 2, 3, 4, 5, 6]
    keys = {mutant.key() for mutant in drawn}
    rest = [mutant for mutant in mutants if mutant.function != "Unreached"]
    others = {mutant.key() for mutant in mutant_tree.chosen(rest, 6, 1)}
    yield "what is gone changes no other lot", keys - others <= {
        mutant.key() for mutant in mutants if mutant.function == "Unreached"}
    yield "another seed draws others", keys != {
        mutant.key() for mutant in mutant_tree.chosen(mutants, 6, 2)}


def built(folder, mutants):
    """The stages of the sample with the mutants in it."""
    tree = os.path.join(folder, "src", "base")
    os.makedirs(tree)
    texts = {"mutation.h": mutant_tree.RUNTIME_HEADER, "mutation.cc": mutant_tree.RUNTIME_SOURCE,
             "sample.cc": mutant_tree.rendered(SOURCE, mutants)}
    for name, text in texts.items():
        with open(os.path.join(tree, name), "w", encoding="latin-1") as stream:
            stream.write(text)
    program = os.path.join(folder, "sample")
    subprocess.run(["clang++-22", *FLAGS, f"-I{os.path.join(folder, 'src')}", "-w", "-o", program,
                    os.path.join(tree, "sample.cc"), os.path.join(tree, "mutation.cc")], check=True)
    stage = mutant_trials.Stage("sample", [program], folder)
    stage.run_without()
    # A second each, not the usual minimum: two of them hang.
    stage.cpu_seconds = -2 / 3
    return [stage]


def how_mutants_end(folder, mutants):
    drawn = mutant_tree.chosen(mutants, len(mutants), 1)
    stages = built(folder, drawn)
    yield "without a mutant it passes", True
    ends = {}
    verdicts = []
    for mutant in drawn:
        verdicts.append(mutant_trials.judge(mutant.number, stages))
        ends[mutant.operator, mutant.before] = verdicts[-1].how
    yield "a boundary is seen", ends["compare", "a < b"] == "failed"
    yield "an error that is dropped is seen", ends["ignore error", FOUND[11][2]] == "failed"
    yield "what hangs is killed", ends["drop assignment", "--left;"] == "hung"
    yield "what nobody looks at survives", ends["drop assignment", "unused += 2;"] == "survived"
    yield "what nobody comes by survives", ends["min/max", FOUND[10][2]] == "unreached"
    report = mutants_report.Report(drawn, verdicts, {})
    yield "survivors are listed", "sample.cc | Unseen | drop assignment" in report.text()
    yield "too few are killed", not report.killed_enough()
    killed = [row for row in zip(drawn, verdicts) if row[1].killed()]
    alone = mutants_report.Report([row[0] for row in killed], [row[1] for row in killed], {})
    yield "enough are killed", alone.killed_enough()
    yield "no mutants are not enough", not mutants_report.Report([], [], {}).killed_enough()


def explanation(folder, text):
    path = os.path.join(folder, "explained.txt")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    try:
        return mutants_report.read_explained(path)
    except mutants_report.BadExplanation as error:
        return str(error)


def explanations(folder, mutants):
    mutant = next(mutant for mutant in mutants if mutant.function == "Unseen")
    good = explanation(folder, f"# comment\n{mutant.key()}\n  equivalent: nobody looks,\n  ever\n")
    yield "a reason goes on", good == {mutant.key(): "equivalent: nobody looks, ever"}
    verdict = mutant_trials.Verdict("", "survived", 0)
    report = mutants_report.Report([mutant], [verdict], good)
    yield "an explained survivor is told as such", "explained: sample.cc" in report.text()
    yield "and is no unexplained one", not report.unexplained()
    yield "but it was not killed", not report.killed_enough()
    yield "an explanation that fits is not stale", not mutants_report.fits_nothing(good, mutants)
    yield "one that fits nothing is", mutants_report.fits_nothing(good, []) == [mutant.key()]
    yield "a reason has a kind", "does not begin" in explanation(
        folder, f"{mutant.key()}\n  because\n")
    yield "a key has four parts", "is no key" in explanation(folder, "file\n  equivalent: x\n")


def run():
    """Prints what is wrong; returns the exit status."""
    count = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        mutants = found(folder)
        for case, holds in (*what_is_mutated(mutants), *what_is_drawn(mutants),
                            *how_mutants_end(folder, mutants), *explanations(folder, mutants)):
            count += 1
            if not holds:
                wrong += 1
                print(f"ci/mutants --self-test: {case}: not so")
    print(f"{count} cases, {wrong} wrong")
    return 1 if wrong else 0
