#!/usr/bin/env bash
# Builds a real tidb-server (with its own store, unistore) from the Go module proxy into the cache
# and prints its path. Nothing is fetched or built a second time; the first time takes about ten
# minutes. Exit 77: it cannot be had here, the last line of output says why.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
readonly here
readonly version=v8.5.4
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}/tidb-$version"
readonly program="$cache/bin/tidb-server"
readonly release=github.com/pingcap/tidb/pkg/parser/mysql.TiDBReleaseVersion
readonly package=github.com/pingcap/tidb/cmd/tidb-server

skip() {
  echo "$1"
  exit 77
}

PATH="$PATH:/usr/local/go/bin"
mkdir -p "$cache/bin"
exec 9>"$cache/.lock"
flock 9

command -v go >/dev/null || skip "there is no Go toolchain to build TiDB with"
export GOPATH="$cache/go" GOCACHE="$cache/build" GOWORK=off CGO_ENABLED=0
export GOFLAGS="-modcacherw -buildvcs=false -trimpath"
stamp="$(go env GOVERSION; cat "$here/build.sh" "$here"/go.{mod,sum} | sha256sum)"
if [[ "$(cat "$cache/bin/.built" 2>/dev/null)" == "$stamp" ]]; then
  echo "$program"
  exit 0
fi

echo "building TiDB $version (minutes, the first time)" >&2
cd "$here"
go list -deps "$package" >/dev/null 2>"$cache/fetch.log" ||
  { cat "$cache/fetch.log" >&2; skip "TiDB's Go modules could not be fetched (no network?)"; }
nice go build -p 2 -o "$program" \
  -ldflags "-s -w -X $release=$version" "$package"
echo "$stamp" >"$cache/bin/.built"
echo "$program"
