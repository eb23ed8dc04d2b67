"""The README's command table is the server's own: `tideway --print-commands-markdown`."""

import subprocess

FLAG = "--print-commands-markdown"
BEGIN, END = "<!-- commands: begin -->", "<!-- commands: end -->"


def newest_server(tree):
    """The server that was built last, or None."""
    built = [p for p in tree.root.glob("build/*/tideway") if p.is_file()]
    return max(built, key=lambda p: p.stat().st_mtime, default=None)


def printed_table(server):
    """What the server prints, or None if there is no server or it has no such flag yet."""
    if server is None or not server.exists():
        return None
    result = subprocess.run([str(server), FLAG], capture_output=True, text=True, check=False,
                            timeout=30, stdin=subprocess.DEVNULL)
    if result.returncode != 0 or "|" not in result.stdout:
        return None
    return result.stdout.strip()


def _split(text):
    before, begin, rest = text.partition(BEGIN)
    inside, end, after = rest.partition(END)
    return (before, inside.strip(), after) if begin and end else None


def check(tree, server):
    table = printed_table(server)
    if table is None or "README.md" not in tree.files:
        return []
    parts = _split(tree.text("README.md"))
    if parts is None:
        return [f"README.md: commands: no table between {BEGIN} and {END}"]
    if parts[1] != table:
        return ["README.md: commands: not in step; run tests/style/check.py --write-readme"]
    return []


def write(tree, server):
    """Puts the server's table into the README."""
    table = printed_table(server)
    parts = _split(tree.text("README.md"))
    if table is None or parts is None:
        raise SystemExit(f"style: need a built server with {FLAG}, and both marks in README.md")
    (tree.root / "README.md").write_text(f"{parts[0]}{BEGIN}\n{table}\n{END}{parts[2]}")
