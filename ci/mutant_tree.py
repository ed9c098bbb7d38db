"""A copy of the sources in which many mutants are present at once, each switched on by its number:
ENGRAM_MUTANT=N chooses one for a run, and the file that ENGRAM_MUTANTS_REACHED names, one byte for
each number, is told which were come by. With no mutant chosen the copy does what the sources do.

Only the copy knows of any of this. Mutants may nest but not cross; `chosen` sees to that.
"""

import hashlib
import os

from mutant_sites import read
from source_copy import files_of, make_same

NUMBERS_MAX = 1 << 16

RUNTIME_HEADER = """// Written by ci/mutants: whether a mutant is switched on.
#ifndef ENGRAM_BASE_MUTATION_H_
#define ENGRAM_BASE_MUTATION_H_
#include <type_traits>
namespace engram_mutation {
extern unsigned active;
extern unsigned char* reached;
// What the compiler computes is never mutated.
constexpr bool On(unsigned number) {
  if (std::is_constant_evaluated()) return false;
  reached[number] = 1;
  return number == active;
}
}  // namespace engram_mutation
#endif
"""

RUNTIME_SOURCE = """// Written by ci/mutants: reads which mutant is wanted before all else.
#include "base/mutation.h"
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
namespace engram_mutation {
static unsigned char nobody_looks[%(numbers)d];
unsigned active = 0;
unsigned char* reached = nobody_looks;
[[gnu::constructor(101)]] static void Begin() {
  if (const char* number = getenv("ENGRAM_MUTANT")) active = (unsigned)atoi(number);
  const char* path = getenv("ENGRAM_MUTANTS_REACHED");
  if (path == nullptr) return;
  // A mapping, so that what crashed tells as well.
  const int file = open(path, O_RDWR | O_CREAT, 0644);
  if (file < 0 || ftruncate(file, sizeof nobody_looks) != 0) abort();
  void* mapped = mmap(nullptr, sizeof nobody_looks, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (mapped == MAP_FAILED) abort();
  reached = (unsigned char*)mapped;
  close(file);
}
}  // namespace engram_mutation
""" % {"numbers": NUMBERS_MAX}

PREFIX = """#pragma clang diagnostic ignored "-Weverything"
#include "base/mutation.h"
#line 1
"""


def rank(mutant, seed):
    """Its place in the lottery; hangs on its key, so a change elsewhere draws the same."""
    return hashlib.sha256(f"{seed}|{mutant.key()}".encode("latin-1")).digest()


def crosses(a, b):
    return (a.file == b.file and a.begin < b.end and b.begin < a.end
            and not (a.begin <= b.begin and b.end <= a.end)
            and not (b.begin <= a.begin and a.end <= b.end))


def chosen(mutants, sample, seed):
    """`sample` of the mutants, drawn by lot, numbered from 1 in order of files and places."""
    drawn = []
    for mutant in sorted(mutants, key=lambda mutant: rank(mutant, seed)):
        if len(drawn) == sample:
            break
        if not any(crosses(mutant, other) for other in drawn):
            drawn.append(mutant)
    drawn.sort(key=lambda mutant: (mutant.file, mutant.begin, -mutant.end, mutant.after))
    for number, mutant in enumerate(drawn, 1):
        mutant.number = number
    return drawn


def switched(mutant, inside):
    """The text of a range that is the mutant's if it is switched on, and `inside` otherwise."""
    on = f"::engram_mutation::On({mutant.number})"
    if mutant.form == "statement":
        return f"{{ if ({on}) {{ {mutant.after} }} else {{ {inside} }} }}"
    if mutant.form == "condition":
        return f"({on} ? ({mutant.after}) : static_cast<bool>({inside}))"
    return f"({on} ? ({mutant.after}) : ({inside}))"


def rendered(text, mutants):
    """`text`, which the mutants were found in, with all of them in it."""

    def part(begin, end, inside):
        """[begin, end) of the text, with the mutants `inside` it, outermost first."""
        out, at = [], begin
        while inside:
            first = inside[0]
            within = [other for other in inside[1:] if other.begin < first.end]
            out.append(text[at:first.begin])
            out.append(switched(first, part(first.begin, first.end, within)))
            at = first.end
            inside = inside[1 + len(within):]
        return "".join(out) + text[at:end]

    order = sorted(mutants, key=lambda mutant: (mutant.begin, -mutant.end, mutant.number))
    return PREFIX + part(0, len(text), order)


def write_tree(root, tree, mutants):
    """Makes `tree` the sources of `root` with the mutants in them."""
    changed = {"src/base/mutation.h": RUNTIME_HEADER.encode(),
               "src/base/mutation.cc": RUNTIME_SOURCE.encode()}
    for path in sorted({mutant.file for mutant in mutants}):
        of_file = [mutant for mutant in mutants if mutant.file == path]
        changed[path] = rendered(read(os.path.join(root, path)), of_file).encode("latin-1")
    make_same(root, files_of(root), tree, changed)
