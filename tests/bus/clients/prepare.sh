#!/usr/bin/env bash
# prepare.sh go|redis-py|ioredis: fetches a client library of a pinned version into the cache,
# builds what is to be built, and prints the command that runs the client's scenario, a word a line.
# Nothing is fetched a second time. Exit 77: it cannot be had here, the last line says why.
set -euo pipefail

here="$(cd "$(dirname "$0")" && pwd)"
readonly here
readonly kind="$1"
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}/bus-clients/$kind"
readonly redis_py=8.1.0
readonly ioredis=6.0.0

skip() {
  echo "$1"
  exit 77
}

have() {
  command -v "$1" >/dev/null || skip "there is no $1 here"
}

PATH="$PATH:/usr/local/go/bin"
mkdir -p "$cache"
exec 9>"$cache/.lock"
flock 9

case "$kind" in
  go)
    have go
    export GOPATH="$cache/go" GOCACHE="$cache/build" GOWORK=off CGO_ENABLED=0
    export GOFLAGS="-modcacherw -buildvcs=false -trimpath"
    cd "$here/golang"
    stamp="$(go env GOVERSION; cat ../prepare.sh go.mod go.sum ./*.go | sha256sum)"
    if [[ "$(cat "$cache/.built" 2>/dev/null)" != "$stamp" ]]; then
      go mod download >"$cache/log" 2>&1 ||
        { cat "$cache/log" >&2; skip "the clients' Go modules could not be fetched (no network?)"; }
      nice go vet . >&2
      nice go build -p 2 -o "$cache/clients" .
      echo "$stamp" >"$cache/.built"
    fi
    echo "$cache/clients"
    ;;
  redis-py)
    have python3
    if [[ ! -d "$cache/$redis_py" ]]; then
      python3 -m pip install --quiet --no-deps --target "$cache/new" "redis==$redis_py" \
        >"$cache/log" 2>&1 || { cat "$cache/log" >&2; skip "redis-py could not be fetched"; }
      mv "$cache/new" "$cache/$redis_py"
    fi
    printf '%s\n' env "PYTHONPATH=$cache/$redis_py" python3 "$here/redis_py.py"
    ;;
  ioredis)
    have node
    have npm
    if [[ ! -d "$cache/$ioredis" ]]; then
      npm install --silent --no-audit --no-fund --prefix "$cache/new" "ioredis@$ioredis" \
        >"$cache/log" 2>&1 || { cat "$cache/log" >&2; skip "ioredis could not be fetched"; }
      mv "$cache/new" "$cache/$ioredis"
    fi
    printf '%s\n' env "NODE_PATH=$cache/$ioredis/node_modules" node "$here/ioredis.js"
    ;;
  *)
    echo "no such client: $kind" >&2
    exit 2
    ;;
esac
