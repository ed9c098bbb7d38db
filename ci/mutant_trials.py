"""Runs programs that were built with mutants in them, and judges each mutant by how they end.

Before any mutant is tried, every stage runs without one: it must pass, and says which mutants it
comes by. A stage that does not come by a mutant is not run with it. What a run may cost follows
from what it cost without a mutant, so nothing depends on how busy the machine is: CPU time is
limited, and a run counts as hung without using it only if it does not even want to run.
"""

import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time

from mutant_tree import NUMBERS_MAX

# In the order in which they are tried; executions, so that a verdict is the same everywhere.
SUITES = (("model", 1500), ("crash", 3000), ("fault", 12000), ("interleave", 5000),
          ("damage", 2500), ("truncate", 2000))
PROPERTIES = "seed=1 max_success=20"
# Measures time, which a mutant's neighbours take.
NOT_RUN = "ProductionCost."
SLEEPS_SECONDS_MAX = 15
MEMORY_BYTES_MAX = 3 << 30
FILE_BYTES_MAX = 8 << 30


class CouldNotRun(Exception):
    """Something fails although no mutant is switched on."""


class Verdict:
    """What became of a mutant. `stage` is empty if it survived, `how` says in which way it ended:
    failed, crashed, hung; survived, unreached."""

    def __init__(self, stage, how, cpu_seconds):
        self.stage = stage
        self.how = how
        self.cpu_seconds = cpu_seconds

    def killed(self):
        return bool(self.stage)

    def text(self):
        return f"{self.how} in {self.stage}" if self.stage else self.how.upper()


class Stage:
    """A program to be run: which mutants it comes by, and what it costs without any."""

    def __init__(self, name, command, folder, variables=None):
        self.name = name
        self.command = command
        self.folder = folder  # for its files; each run has its own below it
        self.variables = variables or {}  # of its environment
        self.reached = frozenset()
        self.cpu_seconds = 0.0

    def command_for(self, number):  # pylint: disable=unused-argument
        return self.command

    def run_without(self):
        """Sets what is known of it; raises if it fails."""
        with tempfile.NamedTemporaryFile(dir=self.folder) as marks:
            variables = {**self.variables, "ENGRAM_MUTANTS_REACHED": marks.name}
            how, self.cpu_seconds = run(self.command, self.folder, variables, 600)
            self.reached = frozenset(
                number for number, mark in enumerate(marks.read(NUMBERS_MAX)) if mark)
        if how:
            raise CouldNotRun(f"{self.name} {how} without any mutant: {' '.join(self.command)}")


class GoogleTests(Stage):
    """A GoogleTest program, of which only those tests run that come by the mutant."""

    def __init__(self, name, program, folder, variables=None):
        super().__init__(name, [program, "--gtest_brief=1", "--gtest_fail_fast"], folder, variables)
        self.tests = []  # stages of their own

    def measure(self, pool):
        names = tests_in(self.command[0])
        self.tests = [Stage(name, [*self.command, f"--gtest_filter={name}"], self.folder,
                            self.variables)
                      for name in names if not name.startswith(NOT_RUN)]
        list(pool.map(Stage.run_without, self.tests))
        self.reached = frozenset().union(*(test.reached for test in self.tests))
        self.cpu_seconds = sum(test.cpu_seconds for test in self.tests)

    def command_for(self, number):
        names = [test.name for test in self.tests if number in test.reached]
        return [*self.command, f"--gtest_filter={':'.join(names)}"]


def tests_in(program):
    listed = subprocess.run([program, "--gtest_list_tests"], capture_output=True, text=True,
                            check=True).stdout
    names, suite = [], ""
    for line in listed.split("\n"):
        word = line.split("#")[0].strip()
        if line.startswith("  ") and word:
            names.append(suite + word)
        elif word.endswith("."):
            suite = word
    return names


def cpu_ticks_and_state(pid):
    """What /proc says of a process; (0, "") when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            fields = stream.read().rpartition(")")[2].split()
        return sum(int(ticks) for ticks in fields[11:15]), fields[0]
    except OSError:
        return 0, ""


def run(command, folder, variables, cpu_seconds_max):
    """Runs `command`: (how it failed, or "" if it did not; its CPU seconds)."""
    own = tempfile.mkdtemp(dir=folder)
    environment = dict(os.environ, TEST_TMPDIR=own, TMPDIR=own, **variables)

    def limit():
        seconds = int(cpu_seconds_max) + 1
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
        resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        os.nice(10)

    started = subprocess.Popen(command, cwd=own, env=environment, preexec_fn=limit,
                               start_new_session=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    ticks, since, pause = -1, time.monotonic(), 0.005
    sleeps = False
    while True:
        pid, status, used = os.wait4(started.pid, os.WNOHANG)
        if pid:
            break
        now, state = cpu_ticks_and_state(started.pid)
        if now != ticks or state in "RD":
            ticks, since = now, time.monotonic()
        elif time.monotonic() - since > SLEEPS_SECONDS_MAX and not sleeps:
            sleeps = True
            os.killpg(started.pid, signal.SIGKILL)
        time.sleep(pause)
        pause = min(2 * pause, 0.1)
    started.returncode = os.waitstatus_to_exitcode(status)
    shutil.rmtree(own, ignore_errors=True)
    return how_it_ended(started.returncode, sleeps), used.ru_utime + used.ru_stime


def how_it_ended(code, sleeps):
    if sleeps or code in (-signal.SIGXCPU, -signal.SIGKILL):
        return "hung"
    return {0: "", 1: "failed"}.get(code, "crashed")


def stages_of(programs, folder, pool):
    """Unit tests, suites and properties in `programs`, having run once without a mutant."""
    units = GoogleTests("unit tests", os.path.join(programs, "engram_unit_tests"), folder)
    units.measure(pool)
    properties = GoogleTests("properties", os.path.join(programs, "engram_properties"), folder,
                             {"RC_PARAMS": PROPERTIES})
    properties.measure(pool)
    suites = [Stage(suite, [os.path.join(programs, "engram-verify"), "run", "--suite", suite,
                            "--executions", str(executions), "--seed", "1", "--stop-at-failure"],
                    folder) for suite, executions in SUITES]
    list(pool.map(Stage.run_without, suites))
    return [units, *suites, properties]


def judge(number, stages):
    """Runs the stages that come by mutant `number` until one does not pass."""
    spent, came_by = 0.0, False
    for stage in stages:
        if number not in stage.reached:
            continue
        came_by = True
        how, seconds = run(stage.command_for(number), stage.folder,
                           {**stage.variables, "ENGRAM_MUTANT": str(number)},
                           3 * stage.cpu_seconds + 3)
        spent += seconds
        if how:
            return Verdict(stage.name, how, spent)
    return Verdict("", "survived" if came_by else "unreached", spent)
