"""Shows that each rule of ci/tidy fires: small wrong inputs, one mistake each, and right ones.

A case is (path, text, rules expected to fire). Texts that a rule would find in this very file are
spelt in pieces. The two tools behind `ci/tidy --deep` are shown to see a mistake as well.
"""

import os
import subprocess
import tempfile

import tidy_rules

COMMENT = "// What this file is, what it is not, and its invariants.\n"


def header(path, body):
    """A header at `path` that is right but for `body`."""
    guard = "ENGRAM_" + path.removeprefix("src/").replace("/", "_").replace(".", "_").upper() + "_"
    return f"{COMMENT}\n#ifndef {guard}\n#define {guard}\n\n{body}\n\n#endif  // {guard}\n"


def source(body):
    return f"{COMMENT}\n{body}\n"


def right(path, body):
    """A C++ file in which no rule finds anything."""
    return path, source(body), []


def wrong(path, rule, body):
    """A C++ file in which `rule` finds one mistake."""
    return path, source(body), [rule]


def script(body):
    return f"#!/usr/bin/env bash\n# What this script does, in words enough.\n{body}\n"


LAYERING = [
    # Right: each layer including what it may.
    right("src/base/a.cc", '#include "base/check.h"\n#include <xxhash.h>'),
    right("src/base/a.cc", '#include "absl/status/status.h"'),
    right("src/api/a.cc", '#include "base/check.h"'),
    right("src/sync/a.cc", "#include ENGRAM_SYNC_BODY_HEADER"),
    right("src/recall/a.cc", '#include "api/memory.h"'),
    right("src/hot/a.cc", '#include "sync/mutex.h"'),
    right("src/warm/a.cc", '#include "format/record.h"\n#include "io/file_system.h"'),
    right("src/engine/a.cc", '#include "warm/log.h"\n#include "hot/cache.h"'),
    right("src/engine/a.cc", '#include "cold/run.h"\n#include "recall/dot.h"'),
    right("src/server/a.cc", '#include "api/store.h"'),
    right("model/a.cc", '#include "api/memory.h"\n#include "model/b.h"\n#include "sync/mutex.h"'),
    right("model/world/a.cc", '#include "io/file_system.h"\n#include <boost/context/fcontext.hpp>'),
    right("stress/specimens/a.cc", '#include "model/world/world.h"\n#include "engine/store.h"'),
    right("fuzz/a.cc", '#include "format/record.h"'),
    right("bench/a.cc", '#include "engine/store.h"\n#include <benchmark/benchmark.h>'),
    right("src/api/a_test.cc", "#include <gtest/gtest.h>\n#include <rapidcheck.h>"),
    right("src/cli/a.cc", '#include "absl/strings/str_format.h"'),
    # Wrong, one each.
    wrong("src/base/a.cc", "layering", '#include "api/memory.h"'),
    wrong("src/api/a.cc", "layering", '#include "sync/mutex.h"'),
    wrong("src/format/a.cc", "layering", '#include "io/file_system.h"'),
    wrong("src/recall/a.cc", "layering", '#include "sync/mutex.h"'),
    wrong("src/hot/a.cc", "layering", '#include "warm/log.h"'),
    wrong("src/hot/a.cc", "layering", '#include "io/file_system.h"'),
    wrong("src/warm/a.cc", "layering", '#include "cold/run.h"'),
    wrong("src/engine/a.cc", "layering", '#include "server/http.h"'),
    wrong("src/cli/a.cc", "layering", '#include "engine/store.h"'),
    wrong("src/engine/a.cc", "layering", '#include "absl/strings/str_format.h"'),
    wrong("src/io/a.cc", "layering", '#include "model/world/world.h"'),
    wrong("model/a.cc", "layering", '#include "format/record.h"'),
    wrong("model/a.cc", "layering", '#include "warm/log.h"'),
    wrong("model/world/a.cc", "layering", '#include "engine/store.h"'),
    wrong("stress/a.cc", "layering", '#include "format/record.h"'),
    wrong("properties/a.cc", "layering", '#include "warm/log.h"'),
    wrong("bench/a.cc", "layering", '#include "hot/cache.h"'),
    wrong("src/io/a.cc", "layering", "#include ENGRAM_SYNC_BODY_HEADER"),
    wrong("src/sync/a.cc", "layering", "#include SOME_HEADER"),
    wrong("src/base/a.cc", "layering", '#include "check.h"'),
    wrong("src/base/a.cc", "layering", "#include <gtest/gtest.h>"),
    wrong("src/api/a.cc", "layering", "#include <xxhash.h>"),
    wrong("src/api/a.cc", "layering", '#include "absl/synchronization/mutex.h"'),
    wrong("src/engine/a.cc", "layering", '#include "absl/container/flat_hash_map.h"'),
    wrong("elsewhere/a.cc", "layering", '#include "base/check.h"'),
]

SEAMS = [
    right("src/sync/a.cc", "std::mutex m; thread_local int i;"),
    right("src/io/a.cc", "int f = ::open(path, 0); std::atomic<int> a;"),
    right("src/engine/a.cc", "// std::mutex is named in a comment only"),
    right("src/engine/a.cc", "file.Open(1); log.read(2); Clock& clock(); world.clock();"),
    right("src/engine/a.cc", 'const char* text = "std::thread";  /* rand() */'),
    right("src/engine/a.cc", "std::chrono::nanoseconds n; int Reopen(); std::memory_order o;"),
    right("model/explore/explore.cc", "auto t = std::chrono::steady_clock::now();"),
    *[wrong(path, "seams", text)
      for path in ("src/engine/a.cc", "src/base/a_test.cc", "model/a.cc", "stress/specimens/a.cc")
      for text in ("std::mutex m;", "std::lock_guard l(m);", "thread_local int i;")],
    *[wrong("src/engine/a.cc", "seams", text)
      for text in ("std::shared_mutex m;", "std::atomic<int> a;", "std::atomic_ref r(i);",
                   "std::jthread t;", "std::condition_variable c;", "std::this_thread::yield();",
                   "std::counting_semaphore<> s;", "pthread_create(0);", "absl::Mutex m;",
                   "absl::MutexLock l(&m);", "auto t = std::chrono::system_clock::now();",
                   "absl::Now();", "absl::SleepFor(d);", "::usleep(1);", "time(nullptr);",
                   "::time(&t);",
                   "std::random_device d;", "int r = rand();", "absl::BitGen g;",
                   "int f = open(path, 0);", "int f = ::open(path, 0);", "pwrite(f, p, n, 0);",
                   "void* p = mmap(0, 1, 2, 3, 4, 5);", "::fdatasync(f);", "std::ofstream o;",
                   "std::filesystem::path p;")],
    wrong("model/world/a.cc", "seams", "auto t = std::chrono::steady_clock::now();"),
    wrong("stress/verify/a.cc", "seams", "std::random_device d;"),
    wrong("model/a.cc", "address_order", "std::map<const Node*, int> m;"),
    wrong("src/engine/a.cc", "address_order", "std::unordered_set<Node *> s;"),
    right("src/engine/a.cc", "std::map<int, Node*> m;"),
    wrong("src/engine/a.cc", "body_macro", "#ifdef " + tidy_rules.BODY_MACRO + "\n#endif"),
    ("ci/a", script("g++ -D" + tidy_rules.BODY_MACRO), ["body_macro"]),
    ("src/base/body.h", header("src/base/body.h", "#ifdef " + tidy_rules.BODY_MACRO), []),
]

SHAPE = [
    ("src/base/a.cc", "#include <vector>\n", ["file_comment"]),
    ("src/base/a.cc", "// Hm.\nint i;\n", ["file_comment"]),
    ("ci/a.py", "import os\n", ["file_comment"]),
    ("ci/a", "#!/usr/bin/env bash\necho\n", ["file_comment"]),
    ("ci/a.py", '"""What this is, in a few words."""\n', []),
    right("src/base/a.cc", "int i;\n" * 397),
    wrong("src/base/a.cc", "size", "int i;\n" * 401),
    ("src/base/a.cc", "// A table. Long because it is one table.\n" + "int i;\n" * 500, []),
    ("src/base/a.cc", "// A table. Long because it is one table.\n" + "int i;\n" * 600, ["size"]),
    right("src/base/a.cc", "// " + "x" * 97),
    wrong("src/base/a.cc", "columns", "// " + "x" * 98),
    ("src/base/a.h", header("src/base/a.h", "int i;"), []),
    ("src/base/a.h", header("src/base/b.h", "int i;"), ["include_guard"]),
    ("model/world/a.h", header("model/world/a.h", "int i;"), []),
    wrong("src/base/file_util.cc", "avoided_names", "int i;"),
    wrong("src/base/helpers_test.cc", "avoided_names", "int i;"),
    right("src/base/utility_costs.cc", "int i;"),
    wrong("src/base/a.cc", "avoided_names", "class SlotManager {};"),
    wrong("src/base/a.cc", "avoided_names", "struct [[nodiscard]] Info {};"),
    wrong("src/base/a.cc", "avoided_names", 'class ENGRAM_CAPABILITY("mutex") LockImpl {};'),
    wrong("src/base/a.cc", "avoided_names", "enum class SlotData { kNone };"),
    wrong("src/base/a.cc", "avoided_names", "using RecordInfo = int;"),
    right("src/base/a.cc", "class InfoReader {};\nstruct Metadata {};\nclass DataLoss {};"),
    ("ci/a", script("echo"), []),
]

WORDS = [
    wrong("src/base/a.cc", "unfinished", "// TO" + "DO: more"),
    ("README.md", "FIX" + "ME later\n", ["unfinished"]),
    ("ci/a", script("mktemp -d X" + "XXXXX  # HA" + "CK"), ["unfinished"]),
    ("ci/a", script("mktemp -d engram.XX" + "XXXX"), []),
    ("README.md", "run /ho" + "me/me/engram\n", ["absolute_paths"]),
    ("ci/a", script("cd /wo" + "rk/main"), ["absolute_paths"]),
    ("ci/a", script("ls /us" + "r/lib/llvm"), ["absolute_paths"]),
    ("ci/a", script('ls "$root/work/main" build/root/x ../home/y /dev/null'), []),
    ("README.md", "see https://example.org/work/page and model/world/home/x\n", []),
    ("ci/a", script("add deb." + "debian.org"), ["registry_hosts"]),
    ("README.md", "from apt." + "llvm.org or py" + "pi.org\n", ["registry_hosts"] * 2),
    ("README.md", "see https://clang.llvm.org/docs\n", []),
    ("README.md", "as in shared/" + "design says\n", ["design_pages"]),
    wrong("src/base/a.cc", "design_pages", "// see architec" + "ture.md"),
]

CASES = LAYERING + SEAMS + SHAPE + WORDS


def run_case(path, text, expected):
    """A complaint, or None."""
    with tempfile.TemporaryDirectory() as root:
        place = os.path.join(root, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(place, 0o755)
        found = tidy_rules.findings_of(tidy_rules.SourceFile(root, path))
    if sorted(rule for _, _, _, rule in found) != sorted(expected):
        return f"{path}: expected {expected or 'nothing'}, found {found or 'nothing'}, in:\n{text}"
    return None


def run_bit_complaint():
    with tempfile.TemporaryDirectory() as root:
        with open(os.path.join(root, "a"), "w", encoding="utf-8") as stream:
            stream.write(script("echo"))
        found = tidy_rules.findings_of(tidy_rules.SourceFile(root, "a"))
    return None if [rule for _, _, _, rule in found] == ["run_bit"] else f"run_bit: found {found}"


# What the tools of --deep must see, by the name of the check; the last one is right and must pass.
TOOL_CASES = [
    ("clang-format", "int  main( ) { return 0;}\n", "clang-format-violations"),
    ("clang-tidy", "int main() {\n" + "  // line\n" * 72 + "  return 0;\n}\n",
     "readability-function-size"),
    ("clang-tidy", "class lower_case {};\nint main() { return 0; }\n",
     "readability-identifier-naming"),
    ("clang-tidy", "int main() {\n  const int Wrong = 0;\n  return Wrong;\n}\n",
     "readability-identifier-naming"),
    ("clang-tidy", "#include <string>\n#include <utility>\nvoid Take(std::string);\nint main() {\n"
     "  std::string a;\n  Take(std::move(a));\n  Take(a);\n}\n", "bugprone-use-after-move"),
    ("clang-tidy", "#include <string>\n#include <vector>\nint main() {\n"
     "  const std::vector<std::string> v;\n  for (const std::string s : v) return s.empty();\n}\n",
     "performance-for-range-copy"),
    ("clang-tidy", "namespace {\nconstexpr int kZero = 0;\n}  // namespace\n"
     "int main() { return kZero; }\n", None),
]


def run_tool_case(root, tool, text, check):
    with tempfile.TemporaryDirectory() as folder:
        place = os.path.join(folder, "a.cc")
        with open(place, "w", encoding="utf-8") as stream:
            stream.write(text)
        command = {
            "clang-format": ["clang-format-22", f"--style=file:{root}/.clang-format", "--dry-run",
                             "-Werror", place],
            "clang-tidy": ["clang-tidy-22", "--quiet", f"--config-file={root}/.clang-tidy", place,
                           "--", "-std=c++20"],
        }[tool]
        run_of_tool = subprocess.run(command, capture_output=True, text=True)
    output = run_of_tool.stdout + run_of_tool.stderr
    clean = run_of_tool.returncode == 0
    if clean if check is None else not clean and check in output:
        return None
    return f"{tool}: expected {check or 'nothing'}, found:\n{output}\nin:\n{text}"


def run(root):
    complaints = [run_case(*case) for case in CASES]
    complaints.append(run_bit_complaint())
    complaints += [run_tool_case(root, *case) for case in TOOL_CASES]
    fired = {rule for _, _, expected in CASES for rule in expected} | {"run_bit"}
    complaints += [f"no case shows that {rule} fires" for rule in tidy_rules.RULES.keys() - fired]
    checks = len(complaints)
    complaints = [complaint for complaint in complaints if complaint]
    for complaint in complaints:
        print(complaint)
    print(f"self-test: {checks - len(complaints)} of {checks} as expected")
    return 1 if complaints else 0
