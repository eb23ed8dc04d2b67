"""Redis's test suite as data: which tests its files hold, and what one run of a unit printed.

The suite is a tree of Tcl files. `all_units` reads the suite's own list of units, `static_names`
finds the tests that a unit declares, `parse_output` turns the lines of one run into outcomes.
"""

import dataclasses
import re

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TEST_LINE = re.compile(
    r'^\s*test\s+(?:\{(?P<braced>.*?)\}\s*(?:\{|\[)|"(?P<quoted>(?:[^"\\]|\\.)*)")')
_VARIABLE = re.compile(r"\$\{?[\w:()]+\}?|\[[^\]]*\]")


def all_units(suite):
    """Names of all units of the suite, in its own order."""
    text = (suite / "tests/test_helper.tcl").read_text()
    return re.search(r"set ::all_tests \{(.*?)\}", text, re.S).group(1).split()


def pattern_of(name):
    """A regular expression for the names that a declaration with Tcl variables can produce."""
    parts = _VARIABLE.split(name.replace("\\", ""))
    return "^" + ".*".join(re.escape(part) for part in parts) + "$"


@dataclasses.dataclass(frozen=True)
class Declared:
    """A test as its file declares it: `name` holds Tcl variables when `dynamic`."""

    name: str
    dynamic: bool

    def matches(self, name):
        if not self.dynamic:
            return self.name == name
        return re.match(pattern_of(self.name), name, re.S) is not None


def static_names(suite, unit):
    """The tests declared in a unit's file, without running it."""
    declared = {}
    for line in (suite / "tests" / f"{unit}.tcl").read_text(errors="replace").splitlines():
        match = _TEST_LINE.match(line)
        if match is None:
            continue
        if match["braced"] is not None:
            declared[match["braced"]] = Declared(match["braced"], False)
        else:
            name = match["quoted"]
            dynamic = "$" in name or "[" in name.replace("\\[", "")
            name = name if dynamic else name.replace("\\", "")
            declared[name] = Declared(name, dynamic)
    return list(declared.values())


@dataclasses.dataclass
class Outcome:
    """What one run of one unit said. `failed` maps a test's name to its message."""

    passed: set = dataclasses.field(default_factory=set)
    skipped: set = dataclasses.field(default_factory=set)
    ignored: set = dataclasses.field(default_factory=set)
    failed: dict = dataclasses.field(default_factory=dict)
    finished: bool = False
    hung: bool = False
    tail: str = ""

    def seen(self):
        return self.passed | self.skipped | self.ignored | set(self.failed)


def parse_output(text, unit):
    """Outcomes of a run of `unit` from what the suite printed."""
    lines = _ANSI.sub("", text).splitlines()
    outcome = Outcome(tail="\n".join(lines[-15:]), hung="[TIMEOUT]" in text)
    message_of = None
    for line in lines:
        match = re.match(r"\[(\w+)\]: (.*)$", line)
        if match is None:
            if re.match(r"\[\d+/\d+ done\]", line) or line.strip() == "The End":
                outcome.finished = outcome.finished or "done" in line
                message_of = None
            elif message_of is not None and len(outcome.failed[message_of]) < 2000:
                outcome.failed[message_of] += line + "\n"
            continue
        message_of = None
        kind, rest = match.groups()
        if kind == "ok":
            outcome.passed.add(re.sub(r" \(\d+ ms\)$", "", rest))
        elif kind == "skip":
            outcome.skipped.add(rest)
        elif kind == "ignore":
            named = re.match(r"(.*): (?:Not supported|Tag: |large memory)", rest)
            if named is not None:
                outcome.ignored.add(named.group(1))
        elif kind in ("err", "exception"):
            message_of = re.sub(rf" in tests/{re.escape(unit)}\.tcl$", "", rest)
            outcome.failed[message_of] = ""
    outcome.passed -= set(outcome.failed)
    return outcome
