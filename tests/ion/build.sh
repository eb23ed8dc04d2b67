#!/usr/bin/env bash
# Builds ion v1.10.0's programs and the two tests from the Go module proxy into the cache, puts a
# NATS server for them beside (tests/nats/build.sh) and prints the folder of the programs. Nothing
# is fetched or built a second time. Exit 77: they cannot be had here, the last line of output says
# why.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
readonly here
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}/ion-v1.10.0"
readonly programs="$cache/bin"
readonly ion=github.com/pion/ion

skip() {
  echo "$1"
  exit 77
}

PATH="$PATH:/usr/local/go/bin"
command -v go >/dev/null || skip "there is no Go toolchain to build ion with"
export GOPATH="$cache/go" GOCACHE="$cache/build" GOWORK=off CGO_ENABLED=0
export GOFLAGS="-modcacherw -buildvcs=false -trimpath"

mkdir -p "$programs"
exec 9>"$cache/.lock"
flock 9

nats="$("$here/../nats/build.sh")" || { status=$?; echo "$nats"; exit "$status"; }
ln -sf "$(tail -1 <<<"$nats")" "$programs/nats-server"

stamp="$(go env GOVERSION; cd "$here" && cat build.sh peers/go.{mod,sum} peers/*.go | sha256sum)"
if [[ "$(cat "$programs/.built" 2>/dev/null)" == "$stamp" ]]; then
  echo "$programs"
  exit 0
fi

fetch() {  # fetch FOLDER PACKAGE...: the modules that building these takes
  (cd "$here/$1" && shift && go list -deps -test "$@" >/dev/null 2>"$cache/fetch.log") ||
    { cat "$cache/fetch.log" >&2; skip "the Go modules could not be fetched (no network?)"; }
}
build() {
  nice go "$@"
}

readonly ion_programs=("$ion"/cmd/{islb,signal,sfu} "$ion/apps/room")
echo "building ion's programs (minutes, the first time)" >&2
fetch peers . "$ion/pkg/db" "${ion_programs[@]}"
(
  cd "$here/peers"
  build build -p 2 -o "$programs/" "${ion_programs[@]}"
  build test -p 2 -c -o "$programs/db.test" "$ion/pkg/db"
  build test -p 2 -c -o "$programs/peers.test" .
)
echo "$stamp" >"$programs/.built"
echo "$programs"
