#!/usr/bin/env bash
# Called by tests/tidb/with_server.py (make bench-tidb): a tideway over the TiDB of TIDEWAY_BACKEND,
# and the plain client beside it. TIDEWAY_TIDB_PID is the process whose CPU time counts.
set -euo pipefail
cd "$(dirname "$0")/../.."

address="$TIDEWAY_TIDB_SERVER"
sql_port="${address##*:}"
free_port='import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
port="$(python3 -c "$free_port")"
log="$(mktemp)"
build/bench/tideway --port "$port" --io-threads 1 >"$log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; rm -f "$log"' EXIT
for _ in $(seq 100); do
  [[ "$(redis-cli -p "$port" ping 2>/dev/null)" == PONG ]] && break
  sleep 0.1
done
build/bench/bench/tidb_side_by_side "$sql_port" "$TIDEWAY_TIDB_PID" "$port"
