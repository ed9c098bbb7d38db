"""Tests of ci/planted: each way in which a bug can be neither caught nor missed as expected makes
the run fail, patches that do not fit are refused, and costs are counted right.
"""

import os
import subprocess
import tempfile

import planted_ablation
import planted_report
from planted_report import Attempt

HEADER = """# example
#
# Wrong: All of it, over
#   two lines.
# Provenance: Here.
# Trigger: Now.
# Expected: caught
# Suites: crash/random, fault/exhaustive

--- a/src/a.cc
+++ b/src/a.cc
@@ -1,2 +1,2 @@
 first
-right
+wrong
"""


def bug_with(folder, text=HEADER, name="example"):
    path = os.path.join(folder, f"{name}.patch")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    return planted_report.read_bug(path)


def refusal(folder, text, name="example"):
    try:
        bug_with(folder, text, name)
    except planted_report.BadPatch as error:
        return str(error)
    return ""


def headers(folder):
    bug = bug_with(folder)
    yield "a long field goes on", bug.wrong == "All of it, over two lines."
    yield "trials are read", [(t.suite, t.explorer, t.draws_lots) for t in bug.trials] == [
        ("crash", "random", True), ("fault", "exhaustive", False)]
    yield "a patch has its own name", "its name" in refusal(folder, HEADER, "other")
    yield "a field may not be left out", "Trigger" in refusal(
        folder, HEADER.replace("# Trigger: Now.\n", ""))
    yield "a field is not said twice", "twice" in refusal(
        folder, HEADER.replace("# Trigger", "# Budget: 1s\n# Budget: 2s\n# Trigger"))
    yield "a field is not invented", "Mood" in refusal(
        folder, HEADER.replace("# Trigger", "# Mood: Good.\n# Trigger"))
    yield "a verdict is expected", "perhaps" in refusal(
        folder, HEADER.replace("caught", "perhaps"))
    yield "a suite has an explorer", "crash is no" in refusal(
        folder, HEADER.replace("crash/random", "crash"))
    yield "the product is changed", "src/" in refusal(folder, HEADER.replace("a/src", "a/model"))


def verdict_of(folder, first, second, expected="caught"):
    bug = bug_with(folder, HEADER.replace("Expected: caught", f"Expected: {expected}"))
    bug.trials[0].attempts, bug.trials[1].attempts = first, second
    return bug.is_as_expected(), bug.verdict()


def verdicts(folder):
    found, nothing = Attempt(1, 10, 0.1, "t", "p: lost"), Attempt(1, 99, 9.0)
    died = Attempt(1, trouble="ended with -6")
    yield "caught by all", verdict_of(folder, [found, found], [found]) == (True, "caught")
    yield "missed in one seed", verdict_of(folder, [found, nothing], [found]) == (
        False, "caught 2 of 3 times")
    yield "missed by one suite", not verdict_of(folder, [found], [nothing])[0]
    yield "a suite that did not run", not verdict_of(folder, [found], [])[0]
    yield "a program that died", verdict_of(folder, [found, died], [found]) == (False, "NOT RUN")
    yield "a canary that is missed", verdict_of(folder, [nothing], [nothing], "missed") == (
        True, "missed")
    yield "a canary that is caught", not verdict_of(folder, [nothing], [found], "missed")[0]


def deaths(_):
    words = "a: 1\n\nSIGSEGV ended execution 12:\n  engram-verify replay 'p:AQ'\n"
    died = planted_report.attempt_that_died(3, -11, words, 1.5)
    yield "last words are a finding", (died.caught, died.executions, died.cpu_seconds, died.token,
                                       died.summary) == (
        True, 12, 1.5, "p:AQ", "p: the process ends (SIGSEGV)")
    silent = planted_report.attempt_that_died(3, 2, "engram-verify: there is no suite 'x'\n", 0.1)
    yield "no last words are trouble", (silent.caught, silent.trouble) == (
        False, "ended with 2: engram-verify: there is no suite 'x'")


def costs(folder):
    part = {"executions": 7, "cpu_seconds": 0.5, "failures": []}
    failing = {"executions": 5, "cpu_seconds": 0.25, "failures": [
        {"token": "p:AQ", "summary": "p: lost", "executions": 12, "cpu_seconds": 0.75}]}
    missed = planted_report.attempt_of(3, {"suites": [part, part]})
    yield "what was missed cost all", (missed.caught, missed.executions, missed.cpu_seconds) == (
        False, 14, 1.0)
    caught = planted_report.attempt_of(3, {"suites": [part, failing]})
    yield "what was caught cost so much", (caught.caught, caught.executions, caught.token) == (
        True, 12, "p:AQ")
    yield "percentiles", [planted_report.percentile(list(range(1, 21)), share)
                          for share in (0.05, 0.5, 0.95, 1)] == [1, 10, 19, 20]
    yield "one value is its own percentile", planted_report.percentile([4], 0.95) == 4
    bug = bug_with(folder)
    bug.trials[0].attempts, bug.trials[1].attempts = [caught], [missed]
    told = planted_report.table([bug])
    yield "the table tells both", "caught 1 of 1" in told and "missed, all seeds" in told
    yield "the table concludes", told.endswith("0 of 1 bugs as expected")
    written = planted_report.as_json([bug], [3])
    yield "the report tells all", written["bugs"][0]["suites"][0]["executions"]["p95"] == 12


def ablations(folder):
    bug = bug_with(folder, HEADER.replace("fault/exhaustive", "interleave/pct"))
    by_explorer = planted_ablation.explorer_cells(bug)
    yield "explorers differ among clients", [cell.explorer for cell in by_explorer] == list(
        planted_ablation.EXPLORERS) and by_explorer[0].suite == "interleave"
    by_crashes = planted_ablation.crash_cells(bug)
    yield "crash models are compared once", [(cell.suite, cell.crashes) for cell in by_crashes] == [
        ("crash", crashes) for crashes in planted_ablation.CRASHES]
    yield "no crashes, no comparison", not planted_ablation.crash_cells(
        bug_with(folder, HEADER.replace("crash/random, fault/exhaustive", "model/random")))
    for cell in by_explorer + by_crashes:
        cell.attempt = Attempt(1, 10, 2.5)
    by_crashes[2].attempt = Attempt(1, 10, 2.5, "t", "p: lost")
    by_crashes[3].attempt = Attempt(1, trouble="did not end in 1 s")
    yield "what is known is told early", list(planted_ablation.found_lines([], by_crashes)) == [
        "crash/random: any -, none -, kills 2.5 s, power_losses ?, torn -, one -"]
    told = planted_ablation.tables([(bug, by_explorer, by_crashes)]).split("\n")[-1]
    cells = [cell.strip() for cell in told.split("|")[1:-1]]
    yield "what was found, missed and not run", cells == [
        "example", "crash/random", "-", "-", "2.5 s", "?", "-", "-"]


def patches(folder, files_of, make_same, apply_patch, could_not_run):
    root, tree = os.path.join(folder, "root"), os.path.join(folder, "work", "tree")
    os.makedirs(os.path.join(root, "src"))
    subprocess.run(["git", "init", "-q", root], check=True)
    source = os.path.join(root, "src", "a.cc")

    def write(text):
        with open(source, "w", encoding="utf-8") as stream:
            stream.write(text)

    def copied():
        with open(os.path.join(tree, "src", "a.cc"), encoding="utf-8") as stream:
            return stream.read()

    def refresh():
        make_same(root, files_of(root), tree)

    bug = bug_with(folder)
    write("first\nright\n")
    refresh()
    apply_patch(bug, tree)
    yield "a patch is applied", copied() == "first\nwrong\n"
    refresh()
    yield "and taken away again", copied() == "first\nright\n"
    with open(os.path.join(tree, "left_over.cc"), "w", encoding="utf-8"):
        pass
    write("first\nchanged since\n")
    refresh()
    yield "what is no source goes", not os.path.exists(os.path.join(tree, "left_over.cc"))
    try:
        apply_patch(bug, tree)
        yield "a patch that no longer applies is refused", False
    except could_not_run as error:
        yield "a patch that no longer applies is refused", "does not apply" in str(error)


def run(files_of, make_same, apply_patch, could_not_run):
    """Prints what is wrong; returns the exit status."""
    count = wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for case, holds in (*headers(folder), *verdicts(folder), *deaths(folder), *costs(folder),
                            *ablations(folder),
                            *patches(folder, files_of, make_same, apply_patch, could_not_run)):
            count += 1
            if not holds:
                wrong += 1
                print(f"ci/planted --self-test: {case}: not so")
    print(f"{count} cases, {wrong} wrong")
    return 1 if wrong else 0
