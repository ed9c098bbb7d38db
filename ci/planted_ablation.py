"""What ci/planted --ablation asks: which bugs would one explorer alone have found, or one kind of
crash? Cells to run, and tables of what came of them. No program is run here.
"""

# Suites with several clients, where the explorers differ; elsewhere there is one thread.
CONCURRENT = ("interleave",)
EXPLORERS = ("exhaustive", "random", "pct", "pos", "coverage")
# Suites with crashes in them.
CRASHING = ("crash", "fault", "interleave")
CRASHES = ("any", "none", "kills", "power_losses", "torn", "one")


class Cell:
    """One suite, one explorer, one crash model, one bug: one run."""

    def __init__(self, suite, explorer, crashes):
        self.suite = suite
        self.explorer = explorer
        self.crashes = crashes
        self.attempt = None

    def text(self):
        if self.attempt.trouble:
            return "?"
        if not self.attempt.caught:
            return "-"
        seconds = self.attempt.cpu_seconds
        return f"{1000 * seconds:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def explorer_cells(bug):
    suites = dict.fromkeys(trial.suite for trial in bug.trials if trial.suite in CONCURRENT)
    return [Cell(suite, explorer, "any") for suite in suites for explorer in EXPLORERS]


def crash_cells(bug):
    """Of the first trial with crashes in it: one explorer is enough to compare them."""
    for trial in bug.trials:
        if trial.suite in CRASHING:
            return [Cell(trial.suite, trial.explorer, crashes) for crashes in CRASHES]
    return []


def found_lines(by_explorer, by_crashes):
    """What is known of a bug as soon as its runs have ended."""
    for suite in dict.fromkeys(cell.suite for cell in by_explorer):
        yield f"{suite}: " + ", ".join(f"{cell.explorer} {cell.text()}" for cell in by_explorer
                                       if cell.suite == suite)
    if by_crashes:
        yield f"{by_crashes[0].suite}/{by_crashes[0].explorer}: " + ", ".join(
            f"{cell.crashes} {cell.text()}" for cell in by_crashes)


def lines(head, rows):
    widths = [max(len(row[i]) for row in [head] + rows) for i in range(len(head))]
    rule = ["-" * width for width in widths]
    return ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
            for row in [head, rule] + rows]


def tables(results):
    """Of [(bug, explorer cells, crash cells)]: CPU time to the first failure; - is none."""
    explorers, crashes = [], []
    for bug, by_explorer, by_crashes in results:
        for suite in dict.fromkeys(cell.suite for cell in by_explorer):
            explorers.append([bug.name, suite] + [cell.text() for cell in by_explorer
                                                  if cell.suite == suite])
        if by_crashes:
            where = f"{by_crashes[0].suite}/{by_crashes[0].explorer}"
            crashes.append([bug.name, where] + [cell.text() for cell in by_crashes])
    return "\n".join(lines(["bug", "suite", *EXPLORERS], explorers) + [""] +
                     lines(["bug", "suite", *CRASHES], crashes))
