"""What ci/mutants makes of its verdicts: tables by file, operator and suite, the survivors, and
those that ci/mutants_explained.txt explains. No program is run here; tested by
ci/mutants_self_test.py.
"""

import json
import re

KILLED_SHARE_MIN = 0.85
REASON = re.compile(r"(?:equivalent|performance): \S|needs \S")


class BadExplanation(Exception):
    """ci/mutants_explained.txt is not as it must be."""


def read_explained(path):
    """{key of a mutant: why it may survive}. A key is a line, its reason the indented lines behind
    it, which begin as REASON says."""
    explained, key = {}, None
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream.read().split("\n"), 1):
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith(" "):
                key = line.strip()
                if key.count(" | ") < 3 or key in explained:
                    raise BadExplanation(f"{path}:{number}: is no key, or a second time: {key}")
                explained[key] = ""
            elif key is None:
                raise BadExplanation(f"{path}:{number}: explains nothing")
            else:
                explained[key] = f"{explained[key]} {line.strip()}".strip()
    for key, reason in explained.items():
        if not REASON.match(reason):
            raise BadExplanation(f"{path}: the reason of this does not begin with equivalent:, "
                                 f"performance: or needs: {key}")
    return explained


def fits_nothing(explained, mutants):
    """Keys of explanations that are no mutant's."""
    return sorted(set(explained) - {mutant.key() for mutant in mutants})


def survivors_of(path):
    with open(path, encoding="utf-8") as stream:
        return {mutant["key"] for mutant in json.load(stream)["mutants"] if not mutant["stage"]}


class Report:
    def __init__(self, mutants, verdicts, explained):
        self.rows = list(zip(mutants, verdicts))
        self.explained = explained

    def killed(self):
        return [row for row in self.rows if row[1].killed()]

    def survivors(self):
        return [row for row in self.rows if not row[1].killed()]

    def unexplained(self):
        return [row for row in self.survivors() if row[0].key() not in self.explained]

    def killed_enough(self):
        return bool(self.rows) and len(self.killed()) >= KILLED_SHARE_MIN * len(self.rows)

    def _table(self, title, of_row, rows):
        lines = [f"{title:36} {'mutants':>8} {'killed':>8} {'survived':>8} {'explained':>9}"]
        for name in sorted({of_row(row) for row in rows}):
            here = [row for row in rows if of_row(row) == name]
            killed = sum(row[1].killed() for row in here)
            explained = sum(not row[1].killed() and row[0].key() in self.explained for row in here)
            lines.append(f"{name:36} {len(here):8} {killed:8} {len(here) - killed:8} "
                         f"{explained:9}")
        return "\n".join(lines)

    def _killers(self):
        lines = [f"{'killed by':36} {'failed':>8} {'crashed':>8} {'hung':>8}"]
        stages = list(dict.fromkeys(row[1].stage for row in sorted(
            self.killed(), key=lambda row: row[1].stage)))
        for stage in stages:
            ways = [row[1].how for row in self.killed() if row[1].stage == stage]
            lines.append(f"{stage:36} " + " ".join(
                f"{ways.count(way):8}" for way in ("failed", "crashed", "hung")))
        return "\n".join(lines)

    def text(self):
        parts = ["", self._table("file", lambda row: row[0].file, self.rows), "",
                 self._table("operator", lambda row: row[0].operator, self.rows), "",
                 self._killers(), ""]
        for mutant, verdict in self.survivors():
            reason = self.explained.get(mutant.key())
            parts.append(f"{'explained' if reason else verdict.how}: {mutant.file}:{mutant.line}\n"
                         f"  {mutant.key()}" + (f"\n    {reason}" if reason else ""))
        killed, total = len(self.killed()), len(self.rows)
        parts.append(
            f"\n{killed} of {total} mutants killed, {100 * killed / max(total, 1):.1f} %; "
            f"{len(self.survivors())} survived, of which "
            f"{len(self.survivors()) - len(self.unexplained())} are explained; "
            f"{sum(verdict.cpu_seconds for _, verdict in self.rows):.0f} CPU seconds")
        return "\n".join(parts)

    def as_json(self, seed):
        return {"seed": seed, "killed": len(self.killed()), "total": len(self.rows),
                "explained": len(self.survivors()) - len(self.unexplained()),
                "mutants": [{"key": mutant.key(), "file": mutant.file, "line": mutant.line,
                             "operator": mutant.operator, "stage": verdict.stage,
                             "how": verdict.how, "cpu_seconds": round(verdict.cpu_seconds, 3),
                             "explained": self.explained.get(mutant.key(), "")}
                            for mutant, verdict in self.rows]}
