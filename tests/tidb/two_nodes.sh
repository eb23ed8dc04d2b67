#!/bin/sh
# two_nodes.sh SERVER PORT: two tideway nodes over the TiDB of TIDEWAY_BACKEND, until Ctrl-C. Called
# by `make run-tidb` through with_server.py.
set -u
server="$1"
port="$2"
other=$((port + 1))

"$server" --port "$port" --notify-keyspace-events AKE &
first=$!
"$server" --port "$other" --notify-keyspace-events AKE &
second=$!
trap 'kill "$first" "$second" 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM

echo "tideway: the data lies in $TIDEWAY_BACKEND, and goes with it at the end"
echo "tideway: two nodes over it, on ports $port and $other; Ctrl-C stops all of them"
echo "tideway: in another terminal, type:  redis-cli -p $port set hello world"
echo "tideway:                      then:  redis-cli -p $other get hello"
wait "$first" "$second"
