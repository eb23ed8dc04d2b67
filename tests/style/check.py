#!/usr/bin/env python3
"""The style test: budgets, layering and form of every file, rules that only tighten.

    tests/style/check.py            check this repository; one line a finding, exit status 1 if any
    tests/style/check.py --root DIR check another tree (the checker's own tests do)

What may break a rule stands in exceptions.txt beside this file, with a reason. An exception that is
no longer needed, or allows more than is used, is a finding too: the list can only shrink.
"""

import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import budgets  # noqa: E402
import form  # noqa: E402
import layers  # noqa: E402
import readme  # noqa: E402
from tree import Exceptions, Tree  # noqa: E402


def findings(tree, exceptions, server):
    found = []
    for rules in (budgets, layers, form):
        found += rules.check(tree, exceptions)
    found += readme.check(tree, server)
    return sorted(found + exceptions.unused())


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--server", type=pathlib.Path, help="the binary that prints its commands")
    parser.add_argument("--write-readme", action="store_true",
                        help="bring the README's command table in step")
    arguments = parser.parse_args(words)
    tree = Tree(arguments.root)
    server = arguments.server or readme.newest_server(tree)
    if arguments.write_readme:
        readme.write(tree, server)
        return 0
    exceptions = Exceptions.load(tree)
    found = findings(tree, exceptions, server)
    for line in found:
        print(line)
    print(f"style: {len(tree.files)} files, {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"style: {error.cmd[0]} failed: {error.stderr or error}")
