#!/bin/sh
# The process tests as a stage of the test run: exit status 0 passed, 77 could not run (the last
# line says why), else failed. Names of tests may be given. Where TIDEWAY_BACKEND names a TiDB, the
# tests are those of nodes over it.
set -u
cd "$(dirname "$0")/../.."

TIDEWAY_BIN="${TIDEWAY_BIN:-build/release/tideway}"
export TIDEWAY_BIN

if [ ! -x "$TIDEWAY_BIN" ]; then
  echo "the server $TIDEWAY_BIN is not built"
  exit 77
fi
suite=suite.py
[ -n "${TIDEWAY_BACKEND:-}" ] && suite=tidb_suite.py
exec python3 "tests/process/$suite" "$@"
