#!/usr/bin/env python3
"""with_server.py COMMAND [ARGUMENT...]: runs a command with a real, empty TiDB beside it.

The tidb-server is built if need be (build.sh), runs on free loopback ports with its data in a
folder of its own, and ends with the command, whose exit status becomes ours; 77 when it cannot be
had. The command finds in its environment:

  TIDEWAY_TIDB_SERVER   tidb://root@127.0.0.1:PORT, without a database
  TIDEWAY_BACKEND       the same with one: every tideway that the command starts works on it, and
                        on the same data. Other databases are other, empty clusters.
  TIDEWAY_TIDB_PID      the process, for its CPU time
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 90

# Without the work in the background that a test has no use for.
CONFIG = """
split-table = false
lease = "1s"
[log]
level = "error"
slow-query-file = "FOLDER/slow.log"
[performance]
stats-lease = "0"
run-auto-analyze = false
"""


def program():
    """The path of a tidb-server; ends with 77 when there is none."""
    given = os.environ.get("TIDEWAY_TIDB")
    if given:
        return given
    built = subprocess.run([HERE / "build.sh"], stdout=subprocess.PIPE, text=True, check=False)
    lines = built.stdout.splitlines() or [""]
    if built.returncode != 0:
        print(lines[-1])
        sys.exit(built.returncode)
    return lines[-1]


def free_ports(count):
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def greets(port):
    """A MySQL server speaks first."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            return connection.recv(1) != b""
    except OSError:
        return False


def start(path, folder):
    """(process, port) of a server that answers."""
    (folder / "tidb.toml").write_text(CONFIG.replace("FOLDER", str(folder)))
    for _ in range(3):  # somebody else may take a port in between
        port, status_port = free_ports(2)
        with (folder / "output").open("ab") as output:
            server = subprocess.Popen(
                [os.path.abspath(path), "-config", folder / "tidb.toml", "-store", "unistore",
                 "-path", folder / "data", "-host", "127.0.0.1", "-P", str(port),
                 "-status", str(status_port), "-socket", folder / "socket",
                 "-log-file", folder / "log"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                cwd=folder)  # it writes a log of slow queries where it is
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            if greets(port):
                return server, port
            time.sleep(0.05)
        server.kill()
        server.wait()
    print((folder / "output").read_text(errors="replace")[-3000:], file=sys.stderr)
    sys.exit("tidb-server did not start")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    path = program()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="tideway-tidb."))
    server = None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        server, port = start(path, folder)
        address = f"tidb://root@127.0.0.1:{port}"
        env = {**os.environ, "TIDEWAY_TIDB_SERVER": address, "TIDEWAY_BACKEND": f"{address}/test",
               "TIDEWAY_TIDB_PID": str(server.pid)}
        return subprocess.run(sys.argv[1:], env=env, check=False).returncode
    finally:
        if server is not None:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
