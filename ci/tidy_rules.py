"""The rules of ci/tidy that need no compiler: what is included from where, what files begin with,
how long they are, and which names may stand where. Each rule is a generator of findings over one
file; RULES lists them.

A rule sees a SourceFile, whose `code` is the text with comments and literals blanked out, so that a
comment may name what code may not. Line numbers count from one. Shown to fire, one by one, by
ci/tidy_self_test.py.
"""

import os
import re

LINES_MAX = 600
LINES_USUAL_MAX = 400
COLUMNS_MAX = 100

# ---- Who may include whom, bottom up. A folder of src/ is named by itself. Nothing else is
# allowed.
LAYERS = {"base": {"base"}}
for _layer in ("api", "io", "sync"):
    LAYERS[_layer] = {_layer, "base"}
# The bytes of a memory depend on its bounds, and the public formula of fragmentation on the bytes.
LAYERS["format"] = {"format", "base", "api"}
LAYERS["recall"] = {"recall", "base", "api"}
LAYERS["hot"] = {"hot", "base", "api", "sync"}
for _layer in ("warm", "cold"):
    LAYERS[_layer] = {_layer, "base", "api", "sync", "io", "format"}
LAYERS["engine"] = {"engine"} | set(LAYERS)
for _layer in ("server", "cli"):
    LAYERS[_layer] = {_layer, "base", "api"}
LAYERS["cli"] |= {"io"}  # exports are files, too, and what only looks must not touch the store's
SRC_FOLDERS = frozenset(LAYERS)
# The model shares nothing with the store but its public types and the seams: never format, tiers or
# engine.
LAYERS["model"] = {"model", "base", "api", "io", "sync"}
# What stands on the model may use what the model speaks in: programs to explore are written against
# sync and io.
for _layer in ("properties", "stress", "fuzz"):
    LAYERS[_layer] = {_layer, "engine"} | LAYERS["model"]
LAYERS["fuzz"] |= {"format"}
# Claims that are explored drive the trials of the store; some are about the command.
LAYERS["properties"] |= {"stress", "cli"}
# The model, too: how fast the harness explores is measured as well.
LAYERS["bench"] = {"bench", "engine"} | LAYERS["model"]
LAYERS["ci"] = {"base", "api", "io", "sync"}  # programs that test the build

# Libraries that only some places may use; others, such as Abseil, are free.
LIBRARIES = (
    (r"xxh", r"src/base/"),
    (r"hwy/", r"src/recall/"),
    (r"zstd", r"src/format/"),
    (r"boost/", r"model/world/"),
    (r"(nlohmann|CLI)/", r"(stress/verify|src/server|src/cli|bench)/"),
    (r"(gtest|gmock)/", r".*(_test\.cc|_contract\.h|_fixture\.h)$|properties/"),
    (r"rapidcheck", r".*_test\.cc$|(properties|stress)/"),
    (r"benchmark/", r"bench/"),
    (r"sanitizer/", r"(model/world|src/sync)/|src/io/ram_file_system_fixture\.h"),
    (r"absl/(synchronization|random)/|absl/time/clock\.h", r"$^"),
    (r"absl/(container/(flat|node)_hash|hash/)", r"(src/server|src/cli|stress/verify|bench|ci)/"),
)

# ---- The seams: what may be named only behind src/sync and src/io, and what to name instead.
_CALL = r"(?<![\w.>:])(?:::)?(?:%s)\s*\("
SEAMS = {
    "threads": (
        re.compile(
            r"\bstd::(?:(?:\w+_)?mutex|condition_variable\w*|j?thread|this_thread|atomic(?:_\w+)?"
            r"|future|promise|async|packaged_task|call_once|once_flag|latch|barrier|\w+_semaphore"
            r"|stop_token|stop_source|lock_guard|unique_lock|shared_lock|scoped_lock)\b"
            r"|\babsl::(?:\w*Mutex\w*|CondVar|Notification|Barrier|BlockingCounter)\b"
            r"|\bpthread_\w+|\bthread_local\b"),
        "threads, locks and atomics are named only through src/sync: use engram::sync"),
    "time": (
        re.compile(
            r"\b(?:system|steady|high_resolution|utc|file)_clock\b"
            r"|\babsl::(?:Now|SleepFor|GetCurrentTimeNanos)\b|"
            + _CALL % "clock_gettime|gettimeofday|nanosleep|usleep"
            # These are also good names for methods.
            + r"|(?:(?<!\w)|\bstd)::(?:time|clock|sleep|random)\s*\("
            r"|(?<![\w.>])time\(\s*(?:nullptr|NULL|0)"),
        "time is named only through src/io and src/sync: use io::Clock or sync::SleepFor"),
    "randomness": (
        re.compile(
            r"\bstd::(?:random_device|default_random_engine|s?rand)\b"
            r"|\babsl::(?:Insecure)?BitGen\b|"
            + _CALL % "s?rand|srandom|[dlm]rand48|rand_r|getrandom|getentropy|arc4random"),
        "nothing is random here: take a seed, or ask world::Choices"),
    "os": (
        re.compile(
            r"\bstd::(?:[io]?fstream|filesystem|fopen|freopen|tmpfile|rename)\b|"
            + _CALL % ("open|openat|creat|close|p?readv?|p?writev?|lseek|mmap|munmap|mremap|msync"
                       "|madvise|fopen|fsync|fdatasync|sync_file_range|f?truncate"
                       "|(?:posix_)?fallocate|flock|lockf|fcntl|unlink|rename|mkdir|f?stat|ioctl"
                       "|socket|syscall")),
        "the operating system is called only in src/io: use io::FileSystem"),
}
# (where, groups that hold there). The first match decides; what matches nothing is free.
SEAM_SCOPES = (
    (r"src/(sync|io)/", ()),
    (r"src/", ("threads", "time", "randomness", "os")),
    (r"stress/specimens/", ("threads", "time", "randomness", "os")),
    (r"stress/store/", ("threads", "time", "randomness")),
    # The driver of executions measures CPU time; nothing of it reaches an execution.
    (r"model/explore/explore\.cc$", ("threads", "randomness")),
    # The world stands on the real machine: it maps fiber stacks and the bytes of simulated files.
    (r"model/world/", ("threads", "time", "randomness")),
    # Names of objects are read from the sources, for people.
    (r"model/tell/object_names\.cc$", ("threads", "time", "randomness")),
    (r"model/", ("threads", "time", "randomness", "os")),
    (r"(properties|fuzz|stress)/", ("randomness",)),
)
DETERMINISTIC = re.compile(r"(src|model|stress/specimens|stress/store)/")
ADDRESS_ORDER = re.compile(
    r"\bstd::(?:unordered_)?(?:multi)?(?:map|set)<\s*(?:const\s+)?[\w:]+(?:\s+const)?\s*\*")

AVOIDED_WORDS = "Manager|Helpers?|Utils?|Common|Impl|Info|Data"
AVOIDED_TYPE = re.compile(rf"(?:^|(?<=[a-z0-9]))(?:{AVOIDED_WORDS})$")
AVOIDED_FILE = re.compile(rf"(?:^|_)(?:{AVOIDED_WORDS.lower()})(?:_test)?$")
DECLARED = re.compile(
    r"\b(?:class|struct|union|enum(?:\s+(?:class|struct))?|concept)\s+"
    r"(?:\[\[[^\]]*\]\]\s*|alignas\([^)]*\)\s*|ENGRAM_\w+(?:\([^)]*\))?\s+)*([A-Z]\w*)"
    r"|\busing\s+([A-Z]\w*)\s*=")

# Spelt in pieces, so that this file does not find itself.
BODY_MACRO = "ENGRAM_" + "SIMULATED"
BODY_MACRO_HOMES = ("src/base/body.h", "CMakeLists.txt")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|X" r"XX|HA" r"CK)\b")
ABSOLUTE_PATH = re.compile(
    r"(?<![\w./~$}\])*-])/(?:work|root|home|Users|mnt|srv|opt|usr(?!/bin/env\b)|etc|var)/\w+")
REGISTRY_HOST = re.compile(
    r"\b(?:deb|apt|archive|security|ftp|packages|snapshot|ports|mirrors?)\.(?:\w+\.)?"
    r"(?:debian|llvm|ubuntu)\.(?:org|com)\b"
    r"|\b(?:pypi|pythonhosted|npmjs|crates|rubygems|docker|ghcr|quay)\.(?:org|io|com)\b"
    r"|\bproxy\.golang\.org\b")
DESIGN_PAGE = re.compile(
    r"shared/" r"design"
    r"|\b(?:architecture|requirements|style|toolchain|targets|formats_v1|planted_bugs)\.md\b")

_BLANKED = re.compile(
    r"//[^\n]*|/\*.*?\*/|\bu?8?L?R\"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)\"|\"(?:\\.|[^\"\\\n])*\""
    r"|(?<!\w)(?:u8|[uUL])?'(?:\\.|[^'\\\n])+'", re.DOTALL)
_INCLUDE = re.compile(r"^\s*#\s*include\s+(\S+)")


class SourceFile:
    """A text file of the repository, by its path from the root."""

    def __init__(self, root, path):
        place = os.path.join(root, path)
        with open(place, encoding="utf-8", errors="replace", newline="") as stream:
            self.text = stream.read()
        self.path = path
        self.lines = self.text.split("\n")
        if self.lines[-1] == "":
            self.lines.pop()
        self.runs = os.access(place, os.X_OK)
        self.has_shebang = self.text.startswith("#!")
        self.is_cpp = path.endswith((".h", ".cc"))
        self.is_script = path.endswith((".py", ".sh")) or self.has_shebang
        self.is_cmake = path.endswith((".cmake", "CMakeLists.txt"))
        self.is_source = self.is_cpp or self.is_script or self.is_cmake
        self.code = _BLANKED.sub(_blank, self.text) if self.is_cpp else self.text

    def comment(self):
        """The lines of the comment that the file begins with."""
        lines = self.lines[1:] if self.has_shebang else self.lines
        if lines and lines[0].startswith('"""'):
            text = "\n".join(lines)[3:]
            return text.split('"""')[0].split("\n") if '"""' in text else []
        mark = "//" if self.is_cpp else "#"
        found = []
        for line in lines:
            if not line.startswith(mark):
                break
            found.append(line.lstrip("/# "))
        return found

    def matches(self, pattern, text=None):
        """(line number, match) of each match in the code, or in `text`."""
        text = self.code if text is None else text
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match


def _blank(match):
    """Spaces in place of a comment or literal; lines stay lines."""
    return re.sub(r"[^\n]", " ", match.group(0))


def layer_of(path):
    """The layer a file belongs to, or None if it is under no rule."""
    parts = path.split("/")
    layer = parts[1] if parts[0] == "src" and len(parts) > 2 else parts[0]
    return layer if layer in LAYERS else None


def layering(file):
    if not file.is_cpp:
        return
    layer = layer_of(file.path)
    allowed = LAYERS.get(layer, set())
    for number, line in enumerate(file.lines, 1):
        match = _INCLUDE.match(line)
        if not match:
            continue
        target = match.group(1)
        if target.startswith(('"', "<")):
            yield from _included(file, layer, allowed, number, target[1:-1], target[0] == '"')
        elif target != "ENGRAM_SYNC_BODY_HEADER" or layer != "sync":
            yield number, (f"computed include {target}; only src/sync chooses its header, by "
                           "ENGRAM_SYNC_BODY_HEADER")


def _included(file, layer, allowed, number, target, quoted):
    folder = target.split("/")[0]
    if "/" in target and folder in LAYERS:
        if layer is None:
            yield number, (f"{file.path} is in no layer and includes {target}; add its folder to "
                           "LAYERS in ci/tidy_rules.py")
        elif folder not in allowed:
            yield number, (f"{layer} must not include {target}; it may include "
                           f"{', '.join(sorted(allowed))}: move what is shared down, or pass it in")
        return
    if quoted and "/" not in target:
        yield number, f'include of "{target}": write paths from src/ or from the root'
    for library, places in LIBRARIES:
        if re.match(library, target) and not re.match(places, file.path):
            yield number, (f"{target} has no place in {os.path.dirname(file.path)}; see LIBRARIES "
                           "in ci/tidy_rules.py")


def seams(file):
    if not file.is_cpp:
        return
    groups = next((groups for where, groups in SEAM_SCOPES if re.match(where, file.path)), ())
    for group in groups:
        pattern, instead = SEAMS[group]
        for number, match in file.matches(pattern):
            yield number, f"{match.group(0).strip(' (')}: {instead}"


def address_order(file):
    if file.is_cpp and DETERMINISTIC.match(file.path):
        for number, match in file.matches(ADDRESS_ORDER):
            yield number, (f"{match.group(0)}...>: its order depends on addresses, which differ "
                           "from run to run; use an id as key")


def body_macro(file):
    if file.is_source and file.path not in BODY_MACRO_HOMES:
        for number, _ in file.matches(re.compile(rf"{BODY_MACRO}\b"), file.text):
            yield number, (f"{BODY_MACRO} is named only in {BODY_MACRO_HOMES[0]}; include that and "
                           "use ENGRAM_BODY")


def file_comment(file):
    if file.is_source and sum(len(line.split()) for line in file.comment()) < 4:
        yield 1, "no file comment; begin with what the file is, what it is not, and its invariants"


def size(file):
    if not file.is_source:
        return
    if len(file.lines) > LINES_MAX:
        yield LINES_MAX, f"{len(file.lines)} lines, more than {LINES_MAX}; split it by idea"
    elif len(file.lines) > LINES_USUAL_MAX and "Long because" not in " ".join(file.comment()):
        yield LINES_USUAL_MAX, (f"{len(file.lines)} lines, more than {LINES_USUAL_MAX}; split it, "
                                "or say in the file comment \"Long because ...\"")


def columns(file):
    if file.is_source:
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS_MAX and not re.search(r"https?://\S{60,}", line):
                yield number, f"{len(line)} columns, more than {COLUMNS_MAX}; break the line"


def include_guard(file):
    if file.path.endswith(".h"):
        path = file.path[len("src/"):] if file.path.startswith("src/") else file.path
        guard = "ENGRAM_" + re.sub(r"\W", "_", path).upper() + "_"
        if f"#ifndef {guard}\n#define {guard}\n" not in file.text:
            yield 1, f"the include guard must be {guard}"


def avoided_names(file):
    stem = os.path.basename(file.path).split(".")[0]
    if file.is_source and AVOIDED_FILE.search(stem):
        yield 1, f"the file name {stem} says nothing; name it after the one idea in it"
    if file.is_cpp:
        for number, match in file.matches(DECLARED):
            name = match.group(1) or match.group(2)
            if AVOIDED_TYPE.search(name):
                yield number, (f"the name {name} says nothing with its last word; say what the "
                               "type is for")


def unfinished(file):
    for number, match in file.matches(UNFINISHED, file.text):
        yield number, f"{match.group(0)}: finish it, or file an issue"


def absolute_paths(file):
    for number, match in file.matches(ABSOLUTE_PATH, file.text):
        yield number, (f"absolute path {match.group(0)}...: another machine has none; make it "
                       "relative, or a parameter")


def registry_hosts(file):
    for number, match in file.matches(REGISTRY_HOST, file.text):
        yield number, (f"{match.group(0)}: name packages, never where they come from; that is the "
                       "machine's affair")


def design_pages(file):
    for number, match in file.matches(DESIGN_PAGE, file.text):
        yield number, f"{match.group(0)}: is not in this repository; say here what it says"


def run_bit(file):
    if file.has_shebang and not file.runs:
        yield 1, "begins with #! but cannot be run; chmod +x"


RULES = {rule.__name__: rule for rule in (
    layering, seams, address_order, body_macro, file_comment, size, columns, include_guard,
    avoided_names, unfinished, absolute_paths, registry_hosts, design_pages, run_bit)}


def findings_of(file):
    """(path, line, message, rule) of everything wrong with `file`, by line."""
    found = [(file.path, number, message, name)
             for name, rule in RULES.items() for number, message in rule(file)]
    return sorted(found, key=lambda finding: (finding[1], finding[3]))
