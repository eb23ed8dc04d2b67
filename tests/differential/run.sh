#!/bin/sh
# The differential test as a stage of the test run: exit status 0 passed, 77 could not run (the last
# line says why), else failed. TIDEWAY_CI=1 sends 50,000 commands, otherwise 1,000,000. With
# TIDEWAY_BACKEND (tests/tidb/with_server.py sets it) 8,000 and 100,000. Options
# of the program may be given: tests/differential/run.sh --seed 7 --only SET
set -u
cd "$(dirname "$0")/../.."

program="${TIDEWAY_PROGRAMS:-build/dev/tests}/differential"
TIDEWAY_BIN="${TIDEWAY_BIN:-build/release/tideway}"
export TIDEWAY_BIN

skip() {
  echo "$1"
  exit 77
}

[ -x "$program" ] || skip "the test program $program is not built"
[ -x "$TIDEWAY_BIN" ] || skip "the server $TIDEWAY_BIN is not built"
version=$(redis-server --version 2>/dev/null) || skip "redis-server is not installed"
case "$version" in
  *" v=7.0."*) ;;
  *) skip "redis-server 7.0 is needed, here is: $version" ;;
esac

# Continuous integration sends the same commands each time, so that a red run means a change; by
# hand the seed is random, and printed.
seed=
count=1000000
ci_count=50000
tidb=
if [ -n "${TIDEWAY_BACKEND:-}" ]; then
  tidb=--tidb
  count=100000
  ci_count=8000
else
  # Would it find anything? Redis against itself, through a layer that is wrong on purpose.
  "$program" --server redis-server --self-check --count 60000 || exit 1
fi
if [ "${TIDEWAY_CI:-0}" = 1 ]; then
  count=$ci_count
  seed="--seed 1"
fi
# shellcheck disable=SC2086  # two words or none
exec "$program" --count "$count" $seed $tidb "$@"
