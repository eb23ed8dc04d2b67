"""Budgets of size: lines a file, lines a function."""

import dataclasses

FILE_LINES = 400  # more needs a line in exceptions.txt …
FILE_LINES_HARD = 600  # … and above this nothing helps,
TEST_FILE_LINES = 800  # but tests may have this many without a word.
FUNCTION_LINES = 70


@dataclasses.dataclass
class Function:
    name: str
    line: int
    lines: int


def blank_out(text):
    """The text with comments, literals and preprocessor lines blanked, line breaks kept."""
    out, i, n = [], 0, len(text)
    line_start = True
    while i < n:
        if line_start and _hash_is_next(text, i):
            end = _end_of_directive(text, i)
        elif text.startswith("//", i):
            end = _find(text, "\n", i)
        elif text.startswith("/*", i):
            end = _find(text, "*/", i + 2) + 2
        elif text.startswith('R"', i) and not (i and (text[i - 1].isalnum() or text[i - 1] == "_")):
            mark = text[i + 2:text.index("(", i)]
            end = _find(text, ")" + mark + '"', i) + len(mark) + 2
        elif text[i] == '"' or (text[i] == "'" and not (i and text[i - 1].isalnum())):
            end = _end_of_literal(text, i)
        else:
            out.append(text[i])
            line_start = text[i] == "\n"
            i += 1
            continue
        out.append("".join(c if c == "\n" else " " for c in text[i:end]))
        line_start = False
        i = end
    return "".join(out)


def _hash_is_next(text, i):
    while i < len(text) and text[i] in " \t":
        i += 1
    return i < len(text) and text[i] == "#"


def _find(text, what, start):
    at = text.find(what, start)
    return len(text) if at < 0 else at


def _end_of_directive(text, i):
    end = _find(text, "\n", i)
    while end < len(text) and text[end - 1] == "\\":
        end = _find(text, "\n", end + 1)
    return end


def _end_of_literal(text, i):
    quote, j = text[i], i + 1
    while j < len(text) and text[j] != quote and text[j] != "\n":
        j += 2 if text[j] == "\\" else 1
    return min(j + 1, len(text))


class _Scanner:
    """Follows braces; a brace block whose head looks like `name(…)` outside any function is one.

    Approximate on purpose: it need not parse C++, only find where functions begin and end.
    """

    def __init__(self, code):
        self.code = code
        self.functions = []
        self.stack = []  # (kind, head, line of the head); kinds: scope, function, braces, init
        self.head = ""
        self.head_line = 1
        self.parens = 0

    def run(self):
        line = 1
        for c in self.code:
            if c == "\n":
                line += 1
            if c in "{};" and self.parens == 0:
                self._mark(c, line)
                continue
            if c in "()":
                self.parens = max(0, self.parens + (1 if c == "(" else -1))
            elif c == "{":  # inside parentheses: an argument, perhaps a lambda
                self.stack.append(("argument", self.head, self.head_line, self.parens))
                self.parens = 0
                continue
            if not self.head.strip() and not c.isspace():
                self.head_line = line
            self.head += c
        return self.functions

    def _mark(self, c, line):
        if c == "{":
            kind = self._kind()
            self.stack.append((kind, self.head, self.head_line, 0))
            if kind != "init":
                self.head = ""
        elif c == "}" and self.stack:
            kind, head, head_line, parens = self.stack.pop()
            if kind == "function":
                self.functions.append(Function(_name(head), head_line, line - head_line + 1))
            self.parens = parens
            # A member's initialiser and an argument are parts of the head that goes on.
            self.head = head + "{}" if kind in ("init", "argument") else ""
            self.head_line = head_line if kind in ("init", "argument") else line
        else:
            self.head = ""

    def _kind(self):
        if any(kind not in ("scope",) for kind, *_ in self.stack):
            return "braces"
        head = " ".join(self.head.split())
        if _is_scope(head):
            return "scope"
        if "(" not in head or head.endswith("="):
            return "braces"
        if _opens_member_initialiser(head):
            return "init"
        return "function"


def _is_scope(head):
    words = head.replace("template <", "template<").split()
    while words and words[0].startswith("template<"):
        depth = 0
        while words:
            depth += words[0].count("<") - words[0].count(">")
            words.pop(0)
            if depth <= 0:
                break
    if words and words[0] == "inline":
        words.pop(0)
    if not words:
        return False
    if words[0] in ("namespace", "extern"):
        return "(" not in head
    return words[0] in ("class", "struct", "union", "enum") and not head.endswith(")")


def _opens_member_initialiser(head):
    colon = _constructor_colon(head)
    if colon < 0:
        return False
    rest = head[colon + 1:].rstrip()
    return bool(rest) and (rest[-1].isalnum() or rest[-1] in "_>")


def _constructor_colon(head):
    """Where `) :` of a constructor stands, at no depth of parentheses; -1 if nowhere."""
    depth, seen = 0, False
    for i, c in enumerate(head):
        if c == "(":
            depth += 1
        elif c == ")":
            depth -= 1
            seen = True
        elif (c == ":" and depth == 0 and seen and head[i + 1:i + 2] != ":"
              and head[i - 1] != ":"):
            return i
    return -1


def _name(head):
    before = head.split("(", 1)[0].split()
    name = before[-1] if before else "?"
    if name in ("TEST", "TEST_F", "TEST_P", "TYPED_TEST"):
        inner = head.split("(", 1)[1].split(")", 1)[0]
        return ".".join(part.strip() for part in inner.split(","))
    return name.lstrip("*&")


def functions(text):
    """The functions that the C++ text defines."""
    return _Scanner(blank_out(text)).run()


def check(tree, exceptions):
    found = []
    for path in tree.sources() + [p for p in tree.files if p.endswith((".py", ".sh"))]:
        lines = tree.text(path).count("\n")
        is_test = path.startswith("tests/")
        hard = TEST_FILE_LINES if is_test else FILE_LINES_HARD
        soft = TEST_FILE_LINES if is_test else FILE_LINES
        if lines > hard:
            found.append(f"{path}: file-lines: {lines} lines, at most {hard}")
        elif lines > soft and not exceptions.allows("file-lines", path, lines):
            found.append(f"{path}: file-lines: {lines} lines, at most {soft} without an exception")
    for path in tree.sources():
        for function in functions(tree.text(path)):
            if function.lines <= FUNCTION_LINES:
                continue
            if not exceptions.allows("function-lines", f"{path}:{function.name}", function.lines):
                found.append(f"{path}:{function.line}: function-lines: {function.name} has "
                             f"{function.lines} lines, at most {FUNCTION_LINES}")
    return found
