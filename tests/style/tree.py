"""The files under check, and the list of what may break a rule."""

import dataclasses
import pathlib
import subprocess

SOURCE_SUFFIXES = (".h", ".cc")
TEXT_SUFFIXES = SOURCE_SUFFIXES + (
    ".cmake", ".json", ".md", ".proto", ".py", ".sh", ".tcl", ".txt", ".yaml", ".yml", ".toml")
TEXT_NAMES = ("CMakeLists.txt", "Makefile", ".clang-format", ".clang-tidy", ".gitignore", "run")
EXCEPTIONS = "tests/style/exceptions.txt"


class Tree:
    """A repository: the files that git knows or would add, as paths relative to its root."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()
        self.files = sorted(p for p in self._names() if (self.root / p).is_file())
        self._texts = {}

    def _names(self):
        listed = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True, text=True, check=False)
        if listed.returncode == 0 and listed.stdout:
            return {name for name in listed.stdout.split("\0") if name}
        # Not a clone (an unpacked archive), or not our clone: every file but what is built.
        names = (p.relative_to(self.root) for p in self.root.rglob("*"))
        return {str(p) for p in names if p.parts[0] not in (".git", "build", "tideway-data")
                and "__pycache__" not in p.parts}

    def text(self, path):
        if path not in self._texts:
            data = (self.root / path).read_bytes()
            self._texts[path] = data.decode("utf-8", "replace")
        return self._texts[path]

    def sources(self):
        """C++ files."""
        return [p for p in self.files if p.endswith(SOURCE_SUFFIXES)]

    def texts(self):
        """Files that people write as text."""
        return [p for p in self.files
                if p.endswith(TEXT_SUFFIXES) or p.rsplit("/", 1)[-1] in TEXT_NAMES]


@dataclasses.dataclass
class Entry:
    rule: str
    where: str  # a path, or path:function
    limit: int
    line: int
    used: bool = False


class Exceptions:
    """Lines of exceptions.txt: `rule where limit reason…`; limit is `-` for yes/no rules."""

    # How far below its limit an entry may fall before the limit has to be lowered.
    SLACK = 30

    def __init__(self, entries, problems):
        self.entries = {(entry.rule, entry.where): entry for entry in entries}
        self.problems = problems

    @classmethod
    def load(cls, tree):
        entries, problems = [], []
        if EXCEPTIONS not in tree.files:
            return cls(entries, problems)
        for number, line in enumerate(tree.text(EXCEPTIONS).splitlines(), 1):
            words = line.split("#", 1)[0].split(None, 3)
            if not words:
                continue
            if len(words) < 4 or not (words[2] == "-" or words[2].isdigit()):
                problems.append(f"{EXCEPTIONS}:{number}: want: rule where limit|- reason")
                continue
            limit = 0 if words[2] == "-" else int(words[2])
            entries.append(Entry(words[0], words[1], limit, number))
        return cls(entries, problems)

    def allows(self, rule, where, value=0):
        """Whether the list lets `where` break `rule` by `value`; notes that the entry is needed."""
        entry = self.entries.get((rule, where))
        if entry is None:
            return False
        entry.used = True
        if entry.limit and value < entry.limit - self.SLACK:
            self.problems.append(
                f"{EXCEPTIONS}:{entry.line}: {where} needs only {value}: lower the limit")
        return value <= entry.limit

    def unused(self):
        """What is wrong with the list itself."""
        stale = [f"{EXCEPTIONS}:{e.line}: {e.where} keeps the rule {e.rule}: remove the line"
                 for e in self.entries.values() if not e.used]
        return self.problems + stale
