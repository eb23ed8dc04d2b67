#!/usr/bin/env bash
# The bus suite as a stage of the test run: nodes of TIDEWAY_BIN (default: the optimised build) on
# real NATS servers. With --tidb the nodes have one database in common, a real TiDB. Exit status 0
# passed, 77 could not run (the last line says why), else failed. Names of tests may be given:
#
#   tests/bus/run.sh channels_test.ChannelsTest faults_test
#   tests/bus/run.sh --tidb notifications_test
#   TIDEWAY_BUS_OFF=1 tests/bus/run.sh      the control: without the bus, tests must fail
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
TIDEWAY_BIN="$(realpath -s "${TIDEWAY_BIN:-$here/../../build/release/tideway}")"
export TIDEWAY_BIN

[[ -x "$TIDEWAY_BIN" ]] || { echo "no server at $TIDEWAY_BIN" >&2; exit 1; }
built="$("$here/../nats/build.sh")" || { status=$?; echo "$built"; exit "$status"; }
TIDEWAY_NATS="$(tail -1 <<<"$built")"
export TIDEWAY_NATS

beside=()  # what the suite is run under
if [[ "${1:-}" == --tidb ]]; then
  shift
  built="$("$here/../tidb/build.sh")" || { status=$?; echo "$built"; exit "$status"; }
  beside=("$here/../tidb/with_server.py")
fi
exec "${beside[@]}" python3 "$here/suite.py" "$@"
