#!/usr/bin/env bash
# db_test.sh SERVER TEST: runs ion's own test of its pkg/db against the server. That test wants port
# 6379, so run.sh calls this in a network namespace of its own, or when nobody has the port.
set -euo pipefail
server="$1"
test="$2"

data="$(mktemp -d)"
"$server" --port 6379 --bind 127.0.0.1 --dir "$data" --save "" >"$data/log" 2>&1 &
pid=$!
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$data"' EXIT

for _ in $(seq 200); do
  [[ "$(redis-cli -p 6379 ping 2>/dev/null)" == PONG ]] && break
  sleep 0.1
done
if ! (cd "$data" && "$test" -test.v -test.timeout 120s); then
  tail -30 "$data/log"
  exit 1
fi
