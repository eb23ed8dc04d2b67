#!/usr/bin/env bash
# Redis 7.0.15's own test suite against the server TIDEWAY_BIN (default: the optimised build).
# Exit 0: passed, 77: skipped (the last line says why), else failed. Arguments: units to run, or
# --keep.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
server="${TIDEWAY_BIN:-$here/../../build/release/tideway}"

skip() {
  echo "$1"
  exit 77
}

[[ -x "$server" ]] || { echo "no server at $server" >&2; exit 1; }
for tool in python3 tclsh redis-cli redis-benchmark; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
fetched="$("$here/fetch.sh")" || { status=$?; echo "$fetched"; exit "$status"; }
exec python3 -B "$here/run.py" --suite "$(tail -1 <<<"$fetched")" --server "$server" "$@"
