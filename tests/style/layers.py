"""Which folder may include what: resp → cdc → backend, and each outside library in one place."""

import re

INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)')

# A folder (longest prefix wins is not needed: all matching rows hold) and the folders of this
# repository that files in it must not include.
FORBIDDEN = [
    ("backend/", ("cdc/", "resp/", "tests/", "bench/")),
    ("cdc/", ("resp/", "tests/", "bench/")),
    ("resp/", ("tests/", "bench/")),
    ("bench/", ("tests/",)),
    # Suites see a server from outside, as its users do.
    ("tests/harness/", ("resp/", "cdc/")),
    ("tests/", ("bench/",)),
    ("tests/backend/", ("cdc/", "resp/")),
    ("tests/cdc/", ("resp/",)),
    # The protocol is pure: bytes in, values out.
    ("resp/protocol/", ("resp/net/", "resp/config/", "resp/command/", "resp/commands/", "cdc/")),
    # A handler is a plain function over a view.
    ("resp/commands/", ("resp/net/",)),
]

# An outside header, by its beginning, and the only places that may include it (a folder ends in /;
# the tests of a place and benchmarks may include what the place includes).
OUTSIDE = [
    ("rocksdb/", ("backend/rocksdb/",)),
    ("mysql", ("backend/tidb/",)),
    ("mariadb", ("backend/tidb/",)),
    ("nats", ("cdc/nats_connection.cc",)),
    ("boost/asio", ("resp/net/", "resp/main.cc", "resp/server.h", "resp/server.cc",
                    "resp/server/")),
    ("sys/socket.h", ("resp/net/", "backend/tidb/", "cdc/nats_connection.cc")),
    ("netinet/", ("resp/net/",)),
    ("CLI/", ("resp/config/", "resp/main.cc", "bench/")),
    ("spdlog/", ("backend/log.h", "backend/log.cc")),
    ("google/protobuf/", ("cdc/",)),
]


def includes(text):
    """(line number, header) of each include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) or match.group(2)


def _may_include(path, places):
    if path.startswith(("tests/support/", "tests/harness/", "bench/")):
        return True
    plain = path.removeprefix("tests/").replace("_test.cc", ".cc")
    return any(plain.startswith(place) if place.endswith("/") else plain == place
               for place in places)


def check(tree, exceptions):
    found = []
    for path in tree.sources():
        for number, header in includes(tree.text(path)):
            for folder, banned in FORBIDDEN:
                if (path.startswith(folder) and header.startswith(banned)
                        and not exceptions.allows("layers", path)):
                    found.append(f"{path}:{number}: layers: {folder} must not include {header}")
            for beginning, places in OUTSIDE:
                if (header.startswith(beginning) and not _may_include(path, places)
                        and not exceptions.allows("outside", path)):
                    found.append(f"{path}:{number}: outside: {header} only in {', '.join(places)}")
    return found
