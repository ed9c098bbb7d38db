"""What ci/planted knows of a bug and of the attempts to find it: reading a patch's header, judging
attempts, and writing them down. No program is run here; tested by ci/planted_self_test.py.
"""

import os
import re
import statistics

FIELDS = ("Wrong", "Provenance", "Trigger", "Expected", "Suites", "Budget")
OPTIONAL = ("Budget",)
VERDICTS = ("caught", "missed")
EXPLORERS = ("random", "pct", "pos", "coverage", "exhaustive")


class BadPatch(Exception):
    """A patch whose header does not say what it must."""


class Attempt:
    """One run of one suite from one seed."""

    def __init__(self, seed, executions=0, cpu_seconds=0.0, token="", summary="", trouble=""):
        self.seed = seed
        self.caught = bool(summary)
        # Until the failure, or the number of the one that ended the process; of the whole run if
        # there was none.
        self.executions = executions
        self.cpu_seconds = cpu_seconds  # likewise
        self.token = token
        self.summary = summary
        self.trouble = trouble  # why the run is neither caught nor missed


class Trial:
    """A suite and an explorer, or the corpus of a fuzz target, that must catch a bug."""

    def __init__(self, suite, explorer):
        self.suite = suite
        self.explorer = explorer
        self.draws_lots = explorer != "exhaustive" and suite != "corpus"
        self.attempts = []

    def caught(self):
        return [attempt for attempt in self.attempts if attempt.caught]

    def troubled(self):
        return [attempt for attempt in self.attempts if attempt.trouble]


class Bug:
    """A patch, and what became of it."""

    def __init__(self, name, path, fields):
        self.name = name
        self.path = path
        self.expected = fields["Expected"]
        self.budget = fields.get("Budget")
        self.wrong = fields["Wrong"]
        self.trials = [Trial(*trial.split("/")) for trial in re.split(r",\s*", fields["Suites"])]
        self.trouble = ""

    def is_as_expected(self):
        if self.trouble or not all(trial.attempts for trial in self.trials):
            return False
        attempts = [attempt for trial in self.trials for attempt in trial.attempts]
        if any(attempt.trouble for attempt in attempts):
            return False
        return all(attempt.caught == (self.expected == "caught") for attempt in attempts)

    def verdict(self):
        if self.trouble or any(trial.troubled() for trial in self.trials):
            return "NOT RUN"
        attempts = [attempt for trial in self.trials for attempt in trial.attempts]
        caught = sum(attempt.caught for attempt in attempts)
        if caught == 0:
            return "missed"
        return "caught" if caught == len(attempts) else f"caught {caught} of {len(attempts)} times"


def fields_of(text):
    """{field: text} of the comment in front of a diff; a line that is indented goes on."""
    fields = {}
    last = None
    for line in text.split("\n"):
        if not line.startswith("#"):
            break
        found = re.match(r"# (\w+): (.*)", line)
        if found:
            last = found.group(1)
            if last in fields:
                raise BadPatch(f"says twice what {last} is")
            fields[last] = found.group(2)
        elif last and line.startswith("#   "):
            fields[last] += " " + line[4:]
        else:
            last = None
    return fields


def read_bug(path):
    name = os.path.basename(path)[:-len(".patch")]
    with open(path, encoding="utf-8") as stream:
        text = stream.read()

    def refuse(why):
        raise BadPatch(f"stress/planted/{name}.patch: {why}")

    try:
        fields = fields_of(text)
    except BadPatch as error:
        refuse(error)
    if text.split("\n")[0] != f"# {name}":
        refuse("does not begin with its name")
    for field in FIELDS:
        if field not in fields and field not in OPTIONAL:
            refuse(f"says nothing of {field}")
    if set(fields) - set(FIELDS):
        refuse(f"unknown field {', '.join(sorted(set(fields) - set(FIELDS)))}")
    if fields["Expected"] not in VERDICTS:
        refuse(f"Expected is {fields['Expected']}, not one of {', '.join(VERDICTS)}")
    for trial in re.split(r",\s*", fields["Suites"]):
        if not re.fullmatch(rf"corpus/\w+|\w+/({'|'.join(EXPLORERS)})", trial):
            refuse(f"{trial} is no SUITE/EXPLORER, such as crash/random, and no corpus/TARGET")
    if "\n--- a/src/" not in text:
        refuse("changes nothing in src/")
    return Bug(name, path, fields)


def attempt_of(seed, report):
    """What a report of engram-verify says."""
    for part in report["suites"]:
        for failure in part["failures"][:1]:
            return Attempt(seed, failure["executions"], failure["cpu_seconds"], failure["token"],
                           failure["summary"])
    return Attempt(seed, sum(part["executions"] for part in report["suites"]),
                   sum(part["cpu_seconds"] for part in report["suites"]))


def attempt_that_died(seed, status, told, cpu_seconds):
    """Of a run that a bug ended: engram-verify's last words name the execution. Others are trouble,
    such as a run that could not begin."""
    words = re.search(r"^(.+) ended execution (\d+):\n.* '(\S+)'$", told, re.MULTILINE)
    if not words:
        last = (told.strip().split("\n") or [""])[-1]
        return Attempt(seed, trouble=f"ended with {status}: {last[:200]}")
    end, executions, token = words.groups()
    return Attempt(seed, int(executions), cpu_seconds, token,
                   f"{token.split(':')[0]}: the process ends ({end})")


def percentile(values, share):
    """The smallest value that at least this share of all are not above."""
    ordered = sorted(values)
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)]


def spread(values):
    if not values:
        return {}
    return {"median": statistics.median(values), "p95": percentile(values, 0.95),
            "max": max(values)}


def seconds_text(seconds):
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def claims_text(trial):
    """What was reported, the most frequent first."""
    claims = [attempt.summary.split(": ", 1)[-1] for attempt in trial.caught()]
    return ", ".join(sorted(set(claims), key=lambda claim: (-claims.count(claim), claim)))


def trial_columns(trial):
    caught = trial.caught()
    if trial.troubled():
        return ["NOT RUN", "", "", "", "", "", trial.troubled()[0].trouble]
    verdict = f"caught {len(caught)} of {len(trial.attempts)}"
    if not trial.draws_lots:
        verdict = "caught, all seeds" if caught else "missed, all seeds"
    elif not caught:
        verdict = f"missed {len(trial.attempts)}"
    if not caught:
        executions = spread([attempt.executions for attempt in trial.attempts])
        return [verdict, f"({executions['median']:,.0f})", "", "", "", "", ""]
    executions = spread([attempt.executions for attempt in caught])
    seconds = spread([attempt.cpu_seconds for attempt in caught])
    tokens = spread([len(attempt.token) for attempt in caught])
    return [verdict, f"{executions['median']:,.0f}", f"{executions['p95']:,.0f}",
            seconds_text(seconds["median"]), seconds_text(seconds["p95"]),
            f"{tokens['median']:.0f}", claims_text(trial)]


def trial_line(trial):
    verdict, executions, _, seconds, _, _, what = trial_columns(trial)
    cost = f"; median {executions} executions, {seconds}: {what}" if seconds else f"  {what}"
    return f"{trial.suite}/{trial.explorer}: {verdict}{cost}"


def table(bugs):
    """A Markdown table, aligned for people, and a conclusion."""
    rows = [["bug", "suite", "seeds", "executions: median", "p95", "CPU: median", "p95", "token",
             "reported as"]]
    for bug in bugs:
        if bug.trouble:
            rows.append([bug.name, "", "NOT RUN", "", "", "", "", "", ""])
            continue
        for trial in bug.trials:
            rows.append([bug.name, f"{trial.suite}/{trial.explorer}", *trial_columns(trial)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    rows.insert(1, ["-" * width for width in widths])
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in rows]
    lines.append("")
    wrong = [bug for bug in bugs if not bug.is_as_expected()]
    lines += [f"{bug.name}: {bug.verdict()}, expected: {bug.expected}" for bug in wrong]
    lines.append(f"{len(bugs) - len(wrong)} of {len(bugs)} bugs as expected")
    return "\n".join(lines)


def as_json(bugs, seeds):
    entries = []
    for bug in bugs:
        suites = []
        for trial in bug.trials:
            caught = trial.caught()
            suites.append({
                "suite": trial.suite, "explorer": trial.explorer,
                "caught": len(caught), "seeds_run": len(trial.attempts),
                "executions": spread([attempt.executions for attempt in caught]),
                "cpu_seconds": spread([attempt.cpu_seconds for attempt in caught]),
                "token_length": spread([len(attempt.token) for attempt in caught]),
                "attempts": [vars(attempt) for attempt in trial.attempts]})
        entries.append({"name": bug.name, "wrong": bug.wrong, "expected": bug.expected,
                        "verdict": bug.verdict(), "as_expected": bug.is_as_expected(),
                        "trouble": bug.trouble, "suites": suites})
    return {"seeds": seeds, "bugs": entries}
