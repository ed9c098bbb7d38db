"""Where a source can be broken a little, and how: reads C++ with libclang and proposes mutants.

A mutant is one range of a file's text and another text for it. Nothing is run or written here, and
nothing is drawn by lot: `mutants_of` returns all that the operators below find, in order of places.

Not mutated, because a survivor would say nothing: conditions of ENGRAM_CHECK and other macros,
texts of messages, constants that the compiler computes, declarations, and hints that change
nothing but speed (SPEED_ONLY).
"""

import json
import os
import re
import shlex
import subprocess
import sys

BINDINGS = "python3-clang-22"

COMPARISONS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}
LOGICAL = {"&&": "||", "||": "&&"}
ARITHMETIC = {"+": "-", "-": "+", "*": "+", "/": "*", "<<": ">>", ">>": "<<", "&": "|", "|": "&"}
ASSIGNING = {"+=": "-=", "-=": "+=", "|=": "=", "&=": "|="}
EXTREMES = {"std::min": "std::max", "std::max": "std::min"}
SPEED_ONLY = re.compile(r"\b(?:reserve|shrink_to_fit|Prefetch\w*|WillNeed|Yield|Advise)$")
# Calls that write to different places or forget: in whichever order.
ORDERLESS = re.compile(r"^(?:StoreLittleEndian\b|put\(|[\w.>-]+\.clear\(\);)")
MESSAGE = re.compile(r"^(?:Str(?:Cat|Format|Join|Append)|\w+Error|DamagedFor)$")
MACRO_CALL = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\s*\(")
PASSES_ERRORS_ON = "ENGRAM_RETURN_IF_ERROR"
_BLANKED = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.DOTALL)

STATEMENT_HOMES = {"COMPOUND_STMT", "IF_STMT", "FOR_STMT", "WHILE_STMT", "CXX_FOR_RANGE_STMT",
                   "CASE_STMT", "DEFAULT_STMT"}
FUNCTIONS = {"CXX_METHOD", "FUNCTION_DECL", "CONSTRUCTOR", "DESTRUCTOR", "FUNCTION_TEMPLATE",
             "CONVERSION_FUNCTION"}
CLASSES = {"CLASS_DECL", "STRUCT_DECL", "CLASS_TEMPLATE"}
NOT_ENTERED = {"STATIC_ASSERT", "FIELD_DECL", "PARM_DECL", "ENUM_DECL", "TYPE_ALIAS_DECL",
               "CONCEPT_DECL", "TEMPLATE_NON_TYPE_PARAMETER"}


class Mutant:
    """Bytes [begin, end) of `file` become `after`. `form` says what the range is: an expression
    ("value"), a condition of whatever type ("condition"), or whole statements ("statement")."""

    def __init__(self, file, function, operator, form, begin, end, before, after, line):
        self.file = file
        self.function = function
        self.operator = operator
        self.form = form
        self.begin = begin
        self.end = end
        self.before = before
        self.after = after
        self.line = line
        self.number = None  # in a tree that was built
        self.repeats = 0    # how many mutants before it have the same key otherwise

    def key(self):
        """Names it as long as its function and its text stay, wherever they move."""
        again = f" #{self.repeats + 1}" if self.repeats else ""
        return (f"{self.file} | {self.function} | {self.operator} | {squeezed(self.before)} -> "
                f"{squeezed(self.after) or 'nothing'}{again}")


def squeezed(text):
    return re.sub(r"\s+", " ", re.sub(r"//[^\n]*", "", text)).strip()


def _bindings():
    """The module clang.cindex, wherever the package has put it."""
    listed = subprocess.run(["dpkg", "-L", BINDINGS], capture_output=True, text=True, check=True)
    module = next(path for path in listed.stdout.split("\n") if path.endswith("clang/cindex.py"))
    sys.path.append(os.path.dirname(os.path.dirname(module)))
    import clang.cindex  # pylint: disable=import-outside-toplevel
    return clang.cindex


def flags_of(build):
    """The flags with which build/PRESET compiles the production body."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as stream:
        commands = json.load(stream)
    words = shlex.split(next(entry["command"] for entry in commands
                             if "engram.dir/src/engine/" in entry["command"]))
    return [word for word in words if word.startswith(("-I", "-D", "-std", "-f", "-isystem"))]


class Reader:
    """Finds the mutants of one file."""

    def __init__(self, root, path, text):
        self.path = path
        self.text = text
        self.code = _BLANKED.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), text)
        self.place = os.path.join(root, path)
        self.macros = self._macro_ranges()
        self.found = {}  # (begin, end, after) -> Mutant
        self.names = []  # of the classes and functions around

    def _macro_ranges(self):
        ranges = []
        for match in MACRO_CALL.finditer(self.code):
            depth, at = 1, match.end()
            while depth and at < len(self.code):
                depth += {"(": 1, ")": -1}.get(self.code[at], 0)
                at += 1
            ranges.append((match.start(), at))
        return ranges

    def _in_macro(self, begin, end):
        return begin == end or any(a <= begin < b for a, b in self.macros)

    def add(self, operator, form, begin, end, after):
        before = self.text[begin:end]
        if squeezed(before) == squeezed(after):
            return
        function = "::".join(self.names) or "-"
        line = self.text.count("\n", 0, begin) + 1
        mutant = Mutant(self.path, function, operator, form, begin, end, before, after, line)
        self.found.setdefault((begin, end, squeezed(after)), mutant)

    def text_of(self, cursor):
        return self.text[cursor.extent.start.offset:cursor.extent.end.offset]

    # ---- Walking.

    def walk(self, cursor, parent):
        kind = cursor.kind.name
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if kind in NOT_ENTERED or self._is_constant(cursor, kind, parent):
            return
        if kind in CLASSES | FUNCTIONS:
            self._enter_named(cursor, kind)
            return
        if kind == "COMPOUND_STMT":
            self._adjacent(cursor)
        if self._in_macro(begin, end):
            if kind == "DO_STMT":
                self._passed_on(begin, end)
            return
        self._visit(cursor, kind, parent)
        if kind == "CALL_EXPR" and MESSAGE.match(cursor.spelling):
            return
        for child in cursor.get_children():
            self.walk(child, cursor)

    def _enter_named(self, cursor, kind):
        owner = cursor.semantic_parent
        name = cursor.spelling.split("<")[0]
        if kind in FUNCTIONS and not self.names and owner.kind.name in CLASSES:
            name = f"{owner.spelling}::{name}"
        self.names.append(name or "-")
        for child in cursor.get_children():
            self.walk(child, cursor)
        self.names.pop()

    def _is_constant(self, cursor, kind, parent):
        """A variable that no run computes."""
        if kind != "VAR_DECL":
            return False
        return (parent is None or parent.kind.name in CLASSES | {"NAMESPACE", "TRANSLATION_UNIT"}
                or re.search(r"\b(?:constexpr|static)\b", self.code[
                    max(cursor.extent.start.offset - 24, 0):cursor.location.offset]) is not None)

    def _visit(self, cursor, kind, parent):
        if kind in ("BINARY_OPERATOR", "COMPOUND_ASSIGNMENT_OPERATOR", "CALL_EXPR"):
            self._between(cursor, kind)
        if kind == "UNARY_OPERATOR":
            self._counting(cursor, parent)
        if kind == "CALL_EXPR":
            self._extreme(cursor)
        if kind == "IF_STMT":
            self._condition(cursor)
        if kind == "CONDITIONAL_OPERATOR":
            self._choice(cursor)
        if kind == "RETURN_STMT":
            self._returned(cursor)
        span = self.statement(cursor, parent)
        if span:
            is_call = kind == "CALL_EXPR" and not cursor.spelling.startswith("operator")
            if not SPEED_ONLY.search(cursor.spelling):
                self.add("drop call" if is_call else "drop assignment", "statement", *span, "")

    # ---- Statements.

    def statement(self, cursor, parent):
        """The range of a statement that is a call or an assignment, with its semicolon, or None."""
        if parent is None or parent.kind.name not in STATEMENT_HOMES:
            return None
        kind = cursor.kind.name
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if self._in_macro(begin, end):
            if kind == "DO_STMT" and self.code[begin:end].startswith(PASSES_ERRORS_ON):
                return begin, self.code.index(";", end) + 1
            return None
        text = self.code[begin:end]
        changes = (kind in ("CALL_EXPR", "COMPOUND_ASSIGNMENT_OPERATOR")
                   or kind == "BINARY_OPERATOR" and self._operator_between(cursor) == "="
                   or kind == "UNARY_OPERATOR" and re.match(r"\+\+|--|.*(?:\+\+|--)$", text))
        before = self.code[:begin].rstrip()
        if (not changes or not self.code[end:].lstrip().startswith(";")
                or not before.endswith((";", "{", "}", ")", "else", ":"))):
            return None
        if parent.kind.name == "FOR_STMT" and not before.endswith(")"):
            return None
        return begin, self.code.index(";", end) + 1

    def _adjacent(self, compound):
        spans = [None if SPEED_ONLY.search(child.spelling) else self.statement(child, compound)
                 for child in compound.get_children()]
        for first, second in zip(spans, spans[1:]):
            if first and second and self._may_depend(first, second):
                between = self.text[first[1]:second[0]]
                self.add("swap statements", "statement", first[0], second[1],
                         self.text[slice(*second)] + re.sub(r"//[^\n]*", "", between)
                         + self.text[slice(*first)])

    def _may_depend(self, first, second):
        """False if one only assigns what the other does not name: their order is all the same."""
        texts = [self.code[slice(*span)] for span in (first, second)]
        if all(ORDERLESS.match(text) for text in texts):
            return False
        for text, other in (texts, reversed(texts)):
            assigned = re.match(
                r"(?:\+\+|--)?[\w.>()*+ \[\]-]*?(\w+)(?:\[.*?\])? *(?:[-+|&]?=|;)", text)
            if assigned and not re.search(rf"\b{assigned.group(1)}\b", other):
                return False
        return True

    def _passed_on(self, begin, end):
        text = self.text[begin:end]
        if text.startswith(PASSES_ERRORS_ON):
            self.add("ignore error", "statement", begin, self.code.index(";", end) + 1,
                     f"static_cast<void>{text[len(PASSES_ERRORS_ON):]};")

    def _returned(self, cursor):
        children = list(cursor.get_children())
        if not children or not self.text_of(children[0]):
            return
        value, text = children[0], self.text_of(children[0])
        begin, end = value.extent.start.offset, value.extent.end.offset
        if self._in_macro(begin, end):
            return
        kind = value.type.get_canonical().spelling.removeprefix("const ")
        if kind.endswith("absl::Status") or kind.startswith("absl::") and kind.endswith("::Status"):
            if "OkStatus" not in text:
                self.add("return OK", "statement", cursor.extent.start.offset,
                         self.code.index(";", end) + 1, "return absl::OkStatus();")
        elif kind == "bool" and re.fullmatch(r"true|false|[\w.:>()*-]+\(.*\)", text, re.DOTALL):
            after = {"true": "false", "false": "true"}.get(text, f"!({text})")
            self.add("negate result", "value", begin, end, after)

    # ---- Expressions.

    def _operands(self, cursor):
        if cursor.kind.name == "CALL_EXPR":
            if not cursor.spelling.startswith("operator"):
                return None
            operands = list(cursor.get_arguments())
        else:
            operands = list(cursor.get_children())
        if len(operands) != 2 or None in operands:
            return None
        left, right = sorted(operands, key=lambda operand: operand.extent.start.offset)
        if left.extent.end.offset > right.extent.start.offset:
            return None
        return left, right

    def _operator_between(self, cursor):
        operands = self._operands(cursor)
        if operands is None:
            return ""
        return self.code[operands[0].extent.end.offset:operands[1].extent.start.offset].strip()

    def _between(self, cursor, kind):
        operator, operands = self._operator_between(cursor), self._operands(cursor)
        if not operator:
            return
        begin, end = operands[0].extent.start.offset, operands[1].extent.end.offset
        left, right = self.text_of(operands[0]), self.text_of(operands[1])
        counts = all(is_number(operand) for operand in operands)
        if operator in COMPARISONS:
            self.add("compare", "value", begin, end, f"{left} {COMPARISONS[operator]} {right}")
        elif operator in LOGICAL:
            self.add("and/or", "value", begin, end, f"({left}) {LOGICAL[operator]} ({right})")
        elif operator in ARITHMETIC and counts:
            self.add("arithmetic", "value", begin, end, f"{left} {ARITHMETIC[operator]} {right}")
        elif operator in ASSIGNING and counts and kind == "COMPOUND_ASSIGNMENT_OPERATOR":
            self.add("arithmetic", "value", begin, end, f"{left} {ASSIGNING[operator]} {right}")
        if counts and operator in COMPARISONS | ARITHMETIC:
            for operand, text in zip(operands, (left, right)):
                if re.fullmatch(r"\d+[uU]?", text):
                    self.add("off by one", "value", operand.extent.start.offset,
                             operand.extent.end.offset, f"{text} + 1")

    def _counting(self, cursor, parent):
        text = self.text_of(cursor)
        if parent is not None and parent.kind.name == "FOR_STMT":
            return
        for here, there in (("++", "--"), ("--", "++")):
            if is_number(cursor) and (text.startswith(here) or text.endswith(here)):
                self.add("arithmetic", "value", cursor.extent.start.offset,
                         cursor.extent.end.offset, text.replace(here, there))

    def _extreme(self, cursor):
        text = self.text_of(cursor)
        for here, there in EXTREMES.items():
            if re.match(rf"{here}\b", text):
                self.add("min/max", "value", cursor.extent.start.offset, cursor.extent.end.offset,
                         there + text[len(here):])

    def _condition(self, cursor):
        children = list(cursor.get_children())
        if any(child.kind.name == "VAR_DECL" for child in children):
            return
        if re.match(r"if\s+constexpr", self.code[cursor.extent.start.offset:]):
            return
        condition = next(child for child in children if child.kind.name != "DECL_STMT")
        begin, end = condition.extent.start.offset, condition.extent.end.offset
        if self._in_macro(begin, end) or not self.code[end:].lstrip().startswith(")"):
            return
        self._negated(condition)
        self.add("never", "condition", begin, end, "false")

    def _choice(self, cursor):
        condition = next(iter(cursor.get_children()))
        begin, end = condition.extent.start.offset, condition.extent.end.offset
        if not self._in_macro(begin, end) and self.code[end:].lstrip().startswith("?"):
            self._negated(condition)

    def _negated(self, condition):
        begin, end = condition.extent.start.offset, condition.extent.end.offset
        # Comparisons are turned round anyway.
        if self._operator_between(condition) not in ("==", "!="):
            self.add("negate condition", "condition", begin, end, f"!({self.text[begin:end]})")


def is_number(cursor):
    return cursor.type.get_canonical().spelling.removeprefix("const ") in (
        "int", "unsigned int", "long", "unsigned long", "short", "unsigned short", "long long",
        "unsigned long long", "unsigned char", "signed char", "float", "double")


def read(path):
    """As one character a byte: libclang counts bytes."""
    with open(path, encoding="latin-1", newline="") as stream:
        return stream.read()


def mutants_of(root, path, flags):
    """All mutants of one file of the repository `root`; raises ValueError if it does not parse."""
    cindex = _bindings()
    place = os.path.join(root, path)
    unit = cindex.Index.create().parse(place, args=["-x", "c++", "-w", *flags])
    errors = [str(found) for found in unit.diagnostics if found.severity >= 3]
    if errors:
        raise ValueError(f"{path} cannot be read: {errors[0]}")
    reader = Reader(root, path, read(place))

    def enter(cursor):
        for child in cursor.get_children():
            if child.kind.name in ("NAMESPACE", "LINKAGE_SPEC", "UNEXPOSED_DECL"):
                if child.location.file is not None and child.location.file.name == place:
                    enter(child)
            elif child.location.file is not None and child.location.file.name == place:
                reader.walk(child, cursor)

    enter(unit.cursor)
    mutants = sorted(reader.found.values(), key=lambda mutant: (mutant.begin, -mutant.end))
    seen = {}
    for mutant in mutants:
        mutant.repeats = seen.get(mutant.key(), 0)
        seen[f"{mutant.key().removesuffix(f' #{mutant.repeats + 1}')}"] = mutant.repeats + 1
    return mutants
