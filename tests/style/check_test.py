#!/usr/bin/env python3
"""Tests of the style test: it finds what is wrong in bad trees, and nothing in good ones."""

import contextlib
import io
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import budgets  # noqa: E402
import check  # noqa: E402
import form  # noqa: E402
from tree import Exceptions, Tree  # noqa: E402

GOOD_HEADER = "// Counts things.\n#pragma once\n\nint Count();\n"


def body(lines, name="int F()"):
    """A function of so many lines."""
    return name + " {\n" + "  Step();\n" * (lines - 2) + "}\n"


class StyleTest(unittest.TestCase):
    def run_check(self, files, *arguments):
        """Runs the checker on a tree of these files; returns (exit status, output)."""
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for name, text in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
            for script in root.rglob("tideway"):
                script.chmod(0o755)
            out = io.StringIO()
            with contextlib.redirect_stdout(out):
                status = check.main(["--root", folder, *arguments])
            self.readme = (root / "README.md").read_text() if "README.md" in files else ""
            return status, out.getvalue()

    def assert_finds(self, files, *words):
        status, output = self.run_check(files)
        self.assertEqual(status, 1, output)
        for word in words:
            self.assertIn(word, output)

    def assert_clean(self, files):
        status, output = self.run_check(files)
        self.assertEqual(status, 0, output)

    def test_a_good_tree_is_clean(self):
        self.assert_clean({
            "backend/count.h": GOOD_HEADER,
            "resp/net/listener.cc": "#include <boost/asio/ip/tcp.hpp>\n" + body(70),
            "tests/backend/rocksdb/journal_test.cc": "#include <rocksdb/db.h>\n",
        })

    def test_size_of_files(self):
        lines = "int x;\n"
        self.assert_clean({"backend/a.cc": lines * 400, "tests/backend/a_test.cc": lines * 800})
        self.assert_finds({"backend/a.cc": lines * 401}, "backend/a.cc: file-lines: 401")
        self.assert_finds({"tests/a_test.cc": lines * 801}, "at most 800")

    def test_an_exception_lifts_the_soft_budget_only(self):
        allow = {"tests/style/exceptions.txt": "file-lines backend/a.cc 610 one table\n"}
        self.assert_clean({"backend/a.cc": "int x;\n" * 590, **allow})
        self.assert_finds({"backend/a.cc": "int x;\n" * 601, **allow}, "at most 600")

    def test_exceptions_only_shrink(self):
        def tree(lines, limit):
            return {"backend/a.cc": "int x;\n" * lines,
                    "tests/style/exceptions.txt": f"file-lines backend/a.cc {limit} one table\n"}
        self.assert_finds(tree(100, 500), "remove the line")
        self.assert_finds(tree(420, 500), "lower the limit")
        self.assert_finds(tree(520, 500), "file-lines: 520")
        self.assert_finds({"tests/style/exceptions.txt": "file-lines backend/a.cc 500\n"}, "want:")

    def test_size_of_functions(self):
        self.assert_finds({"backend/a.cc": body(71)}, "backend/a.cc:1: function-lines: F has 71")
        self.assert_clean({
            "backend/a.cc": body(90),
            "tests/style/exceptions.txt": "function-lines backend/a.cc:F 90 a plain switch\n"})

    def test_functions_are_found_where_they_hide(self):
        for head, name in [
            ("namespace a::b {\nvoid C::Method(int x) const noexcept", "C::Method"),
            ("struct S {\nint Get()", "Get"),
            ("template <typename T> auto Make(T t) -> std::vector<T>", "Make"),
            ("C::C(int a) : a_{a}, b_(std::move(a)), c_{}", "C::C"),
            ("TEST(Set, ReturnsOk)", "Set.ReturnsOk"),
            ('const char* Text(char c = \'{\', const char* s = "}{")', "Text"),
            ("void Take(Options options = {}, std::function<void()> f = [] { return; })", "Take"),
            ("bool operator==(const A& a, const B& b)", "operator=="),
        ]:
            with self.subTest(head=head):
                found = budgets.functions(body(80, head))
                self.assertEqual([(f.name, f.lines) for f in found], [(name, 80)])

    def test_what_is_no_function(self):
        for text in [
            "constexpr Row kRows[] = {\n" + "  Row{1, F(2)},\n" * 90 + "};\n",
            "class A : public B {\n" + " int x_ = 0;\n" * 90 + "};\n",
            "enum class E : int {\n" + " kX,\n" * 90 + "};\n",
            "/* void F() {\n" + "\n" * 90 + "} */\n",
            "#define F() { \\\n" + " x; \\\n" * 90 + " }\n",
            'const char* kText = R"(void F() {' + "\n" * 90 + '})";\n',
        ]:
            with self.subTest(text=text[:30]):
                self.assertEqual([f for f in budgets.functions(text) if f.lines > 70], [])

    def test_layers(self):
        for path, header, word in [
            ("backend/a.cc", '"resp/session.h"', "backend/ must not include resp/session.h"),
            ("cdc/a.cc", '"resp/session.h"', "cdc/ must not"),
            ("backend/a.cc", '"cdc/bus.h"', "backend/ must not"),
            ("tests/backend/a_test.cc", '"resp/session.h"', "tests/backend/ must not"),
            ("resp/protocol/a.cc", '"resp/net/listener.h"', "resp/protocol/ must not"),
            ("resp/commands/a.cc", "<rocksdb/db.h>", "only in backend/rocksdb/"),
            ("resp/commands/a.cc", "<mysql.h>", "only in backend/tidb/"),
            ("cdc/bus.cc", "<nats.h>", "only in cdc/nats_connection.cc"),
            ("resp/session.cc", "<boost/asio.hpp>", "only in resp/net/"),
            ("backend/a.cc", "<sys/socket.h>", "only in resp/net/"),
        ]:
            with self.subTest(path=path, header=header):
                self.assert_finds({path: f"#include {header}\n"}, f"{path}:1: ", word)
        self.assert_clean({"resp/session.cc": '#include "cdc/bus.h"\n#include "backend/view.h"\n'})

    def test_headers(self):
        self.assert_finds({"backend/a.h": "// Why.\nint a;\n"}, "no #pragma once")
        self.assert_finds({"backend/a.h": "#pragma once\nint a;\n"}, "without a comment")

    def test_names(self):
        for name in ("backend/util.h", "resp/string_utils.cc", "tests/helpers.py", "cdc/Bus.cc"):
            with self.subTest(name=name):
                self.assert_finds({name: GOOD_HEADER}, f"{name}: name:")
        self.assert_clean({"backend/utilisation.h": GOOD_HEADER})

    def test_white_space_and_width(self):
        self.assert_finds({"a.md": "x \n"}, "a.md:1: space:")
        self.assert_finds({"backend/a.cc": "int\tx;\n"}, "a tab")
        self.assert_finds({"backend/a.cc": "int x;"}, "no line break at the end")
        self.assert_finds({"backend/a.cc": "// " + "x" * 98 + "\n"}, "columns: 101")

    def test_paths_of_one_machine(self):
        self.assert_finds({"a.md": "see /" + "home/someone/notes\n"}, "a.md:1: machine-path:")
        self.assert_clean({"a.md": "see $HOME/x and https://example.org/" + "home/x\n"})

    def test_clang_format(self):
        if not any(map(form.shutil.which, form.CLANG_FORMAT)):
            self.skipTest("clang-format is not installed")
        style = {".clang-format": "BasedOnStyle: Google\n"}
        self.assert_finds({"backend/a.cc": "int  x ;\n", **style}, "backend/a.cc: format:")
        self.assert_clean({"backend/a.cc": "int x;\n", **style})

    def test_readme_has_the_servers_commands(self):
        server = "#!/bin/sh\necho '| GET | reads |'\n"
        marks = "<!-- commands: begin -->\n{}\n<!-- commands: end -->\n"
        tree = {"build/dev/tideway": server}
        self.assert_clean({**tree, "README.md": marks.format("| GET | reads |")})
        self.assert_finds({**tree, "README.md": marks.format("| SET | writes |")}, "not in step")
        self.assert_finds({**tree, "README.md": "no marks\n"}, "no table between")
        self.assert_clean({"build/dev/tideway": "#!/bin/sh\nexit 1\n", "README.md": "# x\n"})
        status, _ = self.run_check({**tree, "README.md": "a\n" + marks.format("")},
                                   "--write-readme")
        self.assertEqual(status, 0)
        self.assertEqual(self.readme, "a\n" + marks.format("| GET | reads |"))

    def test_git_decides_what_belongs_to_the_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / ".gitignore").write_text("/build/\n")
            (root / "build").mkdir()
            (root / "build" / "made.cc").write_text("")
            (root / "new.cc").write_text("")
            subprocess.run(["git", "init", "-q", folder], check=True)
            self.assertEqual(Tree(root).files, [".gitignore", "new.cc"])

    def test_exceptions_of_yes_no_rules(self):
        exceptions = Exceptions.load(Tree(HERE))
        self.assertFalse(exceptions.allows("layers", "nowhere.cc"))
        self.assert_clean({
            "resp/a.cc": "#include <rocksdb/db.h>\n",
            "tests/style/exceptions.txt": "outside resp/a.cc - until the seam exists\n"})


if __name__ == "__main__":
    unittest.main()
