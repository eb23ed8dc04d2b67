#!/usr/bin/env bash
# Builds a real nats-server and `nats`, its command line client, from the Go module proxy into the
# cache and prints the path of the server; the client lies beside it. Nothing is fetched or built a
# second time; the first time takes two minutes. TIDEWAY_NATS, the path of a nats-server, is taken
# instead if given. Exit 77: it cannot be had here, the last line of output says why.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
readonly here
readonly version=2.15.2
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}/nats-$version"
readonly program="$cache/bin/nats-server"

skip() {
  echo "$1"
  exit 77
}

if [[ -n "${TIDEWAY_NATS:-}" ]]; then
  [[ -x "$TIDEWAY_NATS" ]] || { echo "TIDEWAY_NATS: no program at $TIDEWAY_NATS" >&2; exit 1; }
  echo "$TIDEWAY_NATS"
  exit 0
fi

PATH="$PATH:/usr/local/go/bin"
mkdir -p "$cache/bin"
exec 9>"$cache/.lock"
flock 9

command -v go >/dev/null || skip "there is no Go toolchain to build nats-server with"
export GOPATH="$cache/go" GOCACHE="$cache/build" GOWORK=off CGO_ENABLED=0
export GOFLAGS="-modcacherw -buildvcs=false -trimpath"
stamp="$(go env GOVERSION; cd "$here" && cat build.sh {server,cli}/go.{mod,sum} | sha256sum)"
if [[ "$(cat "$cache/bin/.built" 2>/dev/null)" == "$stamp" ]]; then
  echo "$program"
  exit 0
fi

build() {  # build FOLDER PACKAGE NAME
  cd "$here/$1"
  go list -deps "$2" >/dev/null 2>"$cache/fetch.log" ||
    { cat "$cache/fetch.log" >&2; skip "NATS's Go modules could not be fetched (no network?)"; }
  nice go build -p 2 -ldflags "-s -w" -o "$cache/bin/$3" "$2"
}

echo "building nats-server $version (minutes, the first time)" >&2
build server github.com/nats-io/nats-server/v2 nats-server
build cli github.com/nats-io/natscli/nats nats
"$program" --version | grep -qx "nats-server: v$version" ||
  { echo "that is not nats-server $version: $("$program" --version)" >&2; exit 1; }
echo "$stamp" >"$cache/bin/.built"
echo "$program"
