"""The list of tests that are left out, each with its reason.

Form of the file: a line `== reason` opens a group; each line after it names one test as
`unit: test name`, or a whole unit as `unit: *`. A word before the unit narrows the entry to one of
the two ways of running (`external` or `spawned`, see README.md) or to a server (`tideway`: other
servers still run it; `tidb`: only tideway with its data in TiDB does not run it). `#` starts a
comment.
"""

import dataclasses

MODES = ("external", "spawned")
SERVERS = ("tideway", "tidb")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One test (or, with `*`, one unit) that is left out in `modes`."""

    unit: str
    name: str
    reason: str
    modes: tuple
    server: str  # of SERVERS, or empty: left out on every server
    line: int


def read(path):
    """All entries of the file at `path`; raises ValueError on a line that says nothing."""
    entries = []
    reason = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("== "):
            reason = line[3:].strip()
            continue
        head, separator, name = line.partition(": ")
        *words, unit = head.split()
        known = all(word in MODES + SERVERS for word in words)
        if reason is None or not separator or not known:
            raise ValueError(f"{path}:{number}: not an entry: {line}")
        modes = tuple(word for word in words if word in MODES) or MODES
        server = next((word for word in words if word in SERVERS), "")
        entries.append(Entry(unit, name, reason, modes, server, number))
    return entries
