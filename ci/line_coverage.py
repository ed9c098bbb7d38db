#!/usr/bin/env python3
"""Which lines of some sources were run: reads what `llvm-cov export -format=lcov` writes, prints a
row for each file and the lines that were not run, and fails below a bound.

usage: ci/line_coverage.py [--least PERCENT] PATTERN... < LCOV

A PATTERN is a regular expression that begins where the path from the root of the repository does.
A line counts as run if any of the programs ran it, whichever body it was compiled for.
Exit status: 0 at or above the bound, 1 below, 2 nothing matches.
"""

import argparse
import os
import re
import sys


def lines_of(lcov, patterns, root):
    """{path: {line: runs}} of the files that match, runs summed over all records of a line."""
    files = {}
    lines = None
    for record in lcov:
        key, _, value = record.rstrip("\n").partition(":")
        if key == "SF":
            path = os.path.relpath(os.path.join(root, value), root)
            wanted = any(re.match(pattern, path) for pattern in patterns)
            lines = files.setdefault(path, {}) if wanted else None
        elif key == "DA" and lines is not None:
            number, runs = value.split(",")[:2]
            lines[int(number)] = lines.get(int(number), 0) + int(runs)
    return files


def ranges(numbers):
    """[1, 2, 3, 7] as "1-3, 7"."""
    text = []
    for number in sorted(numbers):
        if text and text[-1][1] == number - 1:
            text[-1][1] = number
        else:
            text.append([number, number])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in text)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("--least", type=float, default=0)
    parser.add_argument("patterns", nargs="+")
    chosen = parser.parse_args()
    files = lines_of(sys.stdin, chosen.patterns, os.getcwd())
    if not any(files.values()):
        print("line_coverage: no lines match", file=sys.stderr)
        return 2
    run = every = 0
    for path, lines in sorted(files.items()):
        missed = [number for number, runs in lines.items() if runs == 0]
        run += len(lines) - len(missed)
        every += len(lines)
        share = 100 * (len(lines) - len(missed)) / max(len(lines), 1)
        print(f"{share:6.1f} %  {len(lines):5d}  {path}  {ranges(missed)}".rstrip())
    print(f"{100 * run / every:6.1f} %  {every:5d}  lines in all")
    return 0 if 100 * run / every >= chosen.least else 1


if __name__ == "__main__":
    sys.exit(main())
