#!/usr/bin/env bash
# The linearizability test as a stage of the test run: two nodes of TIDEWAY_BIN (default: the
# optimised build) over one real TiDB. Exit status 0 passed, 77 could not run (the last line says
# why), else failed. TIDEWAY_CI=1 makes 3 runs of 30 s, otherwise 50; options of the program may be
# given, README.md has them.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
server="$(realpath -s "${TIDEWAY_BIN:-$here/../../build/release/tideway}")"
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}/linearizability"
logs="${TIDEWAY_LOGS:-$here/../../build/test-logs/linearizability}"

skip() {
  echo "$1"
  exit 77
}

[[ -x "$server" ]] || { echo "no server at $server" >&2; exit 1; }
built="$("$here/../tidb/build.sh")" || { status=$?; echo "$built"; exit "$status"; }
tidb="$(tail -1 <<<"$built")"

PATH="$PATH:/usr/local/go/bin"
export GOPATH="$cache/go" GOCACHE="$cache/build" GOWORK=off CGO_ENABLED=0
export GOFLAGS="-modcacherw -buildvcs=false -trimpath"
mkdir -p "$cache/bin" "$logs"
(
  flock 9
  cd "$here"
  go mod download >"$cache/fetch.log" 2>&1 ||
    { cat "$cache/fetch.log" >&2; skip "porcupine's Go module could not be fetched (no network?)"; }
  nice go vet ./...
  nice go test -p 2 ./...
  nice go build -p 2 -o "$cache/bin/linearizability"
) 9>"$cache/.lock"

runs=50
[[ "${TIDEWAY_CI:-0}" == 1 ]] && runs=3
exec "$cache/bin/linearizability" --tideway "$server" --tidb "$tidb" --logs "$logs" \
  --runs "$runs" "$@"
