#!/bin/sh
# The crash test as a stage of the test run: exit status 0 passed, 77 could not run (the last line
# says why), else failed. TIDEWAY_CI=1 kills 20 times, otherwise 200. Options of the program may be
# given: tests/crash/run.sh --seed 7 --only rounds
set -u
cd "$(dirname "$0")/../.."

program="${TIDEWAY_PROGRAMS:-build/dev/tests}/crash"
TIDEWAY_BIN="${TIDEWAY_BIN:-build/release/tideway}"
export TIDEWAY_BIN

skip() {
  echo "$1"
  exit 77
}

[ -x "$program" ] || skip "the test program $program is not built"
[ -x "$TIDEWAY_BIN" ] || skip "the server $TIDEWAY_BIN is not built"

rounds=200
[ "${TIDEWAY_CI:-0}" = 1 ] && rounds=20
exec "$program" --rounds "$rounds" "$@"
