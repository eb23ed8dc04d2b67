#!/bin/sh
# Installs the Debian packages named in tests/setup/packages-LIST.txt that are missing.
#
#   tests/setup/install-packages.sh run         what building and running the server needs
#   tests/setup/install-packages.sh run test    and what the tests need
#
# Does nothing, and needs no rights, when nothing is missing. TIDEWAY_NO_INSTALL=1 only tells.
set -eu

setup=$(dirname "$0")
root=$(cd "$setup/../.." && pwd)

fail() {
  printf 'tideway: %s\n' "$*" >&2
  exit 1
}

wanted() {
  for list in "$@"; do
    sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$setup/packages-$list.txt"
  done
}

is_installed() {
  dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

# redis-server for the comparing tests: Debian's redis-tools has the program under another name,
# and the name decides what it does.
provide_redis_server() {
  if ! command -v redis-server >/dev/null && [ -x /usr/bin/redis-check-rdb ]; then
    mkdir -p "$root/build/tools"
    ln -sf /usr/bin/redis-check-rdb "$root/build/tools/redis-server"
  fi
}

[ $# -gt 0 ] || fail "usage: $0 run [test]"
command -v dpkg-query >/dev/null ||
  fail "this is not Debian: install the equivalents of $setup/packages-*.txt by hand"

missing=
for package in $(wanted "$@"); do
  is_installed "$package" || missing="$missing $package"
done

if [ -n "$missing" ]; then
  [ "${TIDEWAY_NO_INSTALL:-0}" != 1 ] || fail "missing packages:$missing"
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null ||
      fail "not root and no sudo here; as root, run: apt-get install$missing"
    sudo=sudo
  fi
  echo "tideway: installing missing packages:$missing"
  export DEBIAN_FRONTEND=noninteractive
  $sudo apt-get -q update || fail "apt-get update failed (see above)"
  # shellcheck disable=SC2086  # one word a package
  $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends $missing ||
    fail "apt-get install failed (see above); tideway is built for Debian 12 (bookworm)"
fi

case " $* " in *" test "*) provide_redis_server ;; esac
