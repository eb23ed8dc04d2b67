"""The form of files: names, headers, white space, width, clang-format."""

import re
import shutil
import subprocess

COLUMNS = 100
VAGUE_NAME = re.compile(r"(^|[_-])(utils?|helpers?|misc|common|stuff)([_.-]|$)")
SOURCE_NAME = re.compile(r"^[a-z0-9_.]+$")
# Folders of one person's machine have no place in a repository.
MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:home|root|work|Users)/\w")
CLANG_FORMAT = ("clang-format-14", "clang-format")


def _check_name(path):
    name = path.rsplit("/", 1)[-1]
    if VAGUE_NAME.search(name):
        yield f"{path}: name: says nothing of what is inside"
    if path.endswith((".h", ".cc")) and not SOURCE_NAME.match(name):
        yield f"{path}: name: sources are snake_case"


def _check_header(path, text):
    if not path.endswith(".h"):
        return
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield f"{path}: header: no #pragma once"
    if not text.startswith("//"):
        yield f"{path}:1: header: starts without a comment that says what it is for"


def _check_lines(path, text, exceptions):
    is_source = path.endswith((".h", ".cc"))
    is_wide_checked = path.endswith((".h", ".cc", ".py", ".sh", ".cmake"))
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield f"{path}:{number}: space: white space at the end"
        if is_source and "\t" in line:
            yield f"{path}:{number}: space: a tab"
        if (is_wide_checked and len(line) > COLUMNS and "http" not in line
                and not exceptions.allows("columns", path)):
            yield f"{path}:{number}: columns: {len(line)}, at most {COLUMNS}"
        if MACHINE_PATH.search(line) and not exceptions.allows("machine-path", path):
            yield f"{path}:{number}: machine-path: a path of one machine"
    if text and not text.endswith("\n"):
        yield f"{path}: space: no line break at the end"
    if text.endswith("\n\n"):
        yield f"{path}: space: empty lines at the end"


def _check_clang_format(tree):
    """Findings of clang-format, the version that Debian 12 has; none if it is not installed."""
    program = next((p for p in CLANG_FORMAT if shutil.which(p)), None)
    sources = tree.sources()
    if not program or not sources or ".clang-format" not in tree.files:
        return []
    result = subprocess.run(
        [program, "--dry-run", "-Werror", "--ferror-limit=1", *sources],
        cwd=tree.root, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        return []
    paths = dict.fromkeys(re.findall(r"^(\S+?):\d+:\d+: error:", result.stderr, re.MULTILINE))
    return [f"{path}: format: run `make format`" for path in paths] or [
        f"format: {program} failed: {result.stderr.strip()[:200]}"]


def check(tree, exceptions):
    found = []
    for path in tree.files:
        found += _check_name(path)
    for path in tree.texts():
        text = tree.text(path)
        found += _check_header(path, text)
        found += _check_lines(path, text, exceptions)
    return found + _check_clang_format(tree)
