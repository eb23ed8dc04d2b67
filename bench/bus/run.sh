#!/usr/bin/env bash
# Runs bench/bus/run.py with a real nats-server (built the first time) and, where a TiDB can be had,
# beside one. `make bench-bus ARGS=--quick` passes its arguments on.
set -euo pipefail
cd "$(dirname "$0")/../.."

built="$(tests/nats/build.sh)" || { status=$?; echo "$built"; exit "$status"; }
TIDEWAY_NATS="$(tail -1 <<<"$built")"
export TIDEWAY_NATS
if tests/tidb/build.sh >/dev/null; then
  exec tests/tidb/with_server.py bench/bus/run.py "$@"
fi
exec bench/bus/run.py "$@"
