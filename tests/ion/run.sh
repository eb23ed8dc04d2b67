#!/usr/bin/env bash
# ion v1.10.0, unmodified, on the server TIDEWAY_BIN (default: the optimised build): the test of its
# pkg/db, then its programs with two peers in a room, compared with the same on redis-server.
# With --tidb the server's data are in a real TiDB.
# Exit 0: passed, 77: skipped (the last line says why), else failed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
server="$(realpath -s "${TIDEWAY_BIN:-$here/../../build/release/tideway}")"
passed=0
failed=0
skipped=0

beside=()  # what each part is run under
if [[ "${1:-}" == --tidb ]]; then
  built="$("$here/../tidb/build.sh")" || { status=$?; echo "$built"; exit "$status"; }
  beside=("$here/../tidb/with_server.py")
fi

skip() {
  echo "$1"
  exit 77
}

[[ -x "$server" ]] || { echo "no server at $server" >&2; exit 1; }
for tool in redis-cli redis-server; do
  command -v "$tool" >/dev/null || skip "$tool is not installed"
done
built="$("$here/build.sh")" || { status=$?; echo "$built"; exit "$status"; }
programs="$(tail -1 <<<"$built")"

count() {  # count STATUS: one test more
  if [[ "$1" == 0 ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# Prints the command that gives a program port 6379 for itself; nothing is needed if it is free.
own_network() {
  if unshare --net true 2>/dev/null; then
    echo unshare --net
  elif unshare --user --map-root-user --net true 2>/dev/null; then
    echo unshare --user --map-root-user --net
  elif (exec 3<>/dev/tcp/127.0.0.1/6379) 2>/dev/null; then
    return 1
  fi
}

if network="$(own_network)"; then
  status=0
  # shellcheck disable=SC2086  # a command and its words
  $network sh -c 'ip link set lo up 2>/dev/null; exec "$@"' sh \
    "${beside[@]}" "$here/db_test.sh" "$server" "$programs/db.test" || status=$?
  count "$status"
else
  echo "skipped ion's pkg/db: no network namespace to be had, and port 6379 is taken"
  skipped=1
fi

status=0
TIDEWAY_BIN="$server" ION_PROGRAMS="$programs" \
  "${beside[@]}" "$programs/peers.test" -test.v -test.timeout 600s || status=$?
count "$status"

echo "$passed passed, $failed failed, $skipped skipped"
[[ "$failed" == 0 ]]
