#!/usr/bin/env bash
# Puts Redis 7.0.15's own test suite (the Tcl files of Debian's source package `redis`) into the
# cache and prints the folder. The package is fetched once, with source lines in an apt
# configuration of its own: the system's package sources are neither needed nor changed. Exit 77: it
# is not to be had here, the last line of output says why.
set -euo pipefail

readonly version=7.0.15
readonly tarball="redis_${version}.orig.tar.gz"
readonly sha256=4b1dc4ee6d622a09fff9c6777191209750fb5e5a725ef78ea012d6eef4c22982
readonly cache="${TIDEWAY_CACHE:-$HOME/.cache/tideway}"
readonly suite="$cache/redis-$version"

skip() {
  echo "$1"
  exit 77
}

if [[ -f "$suite/.complete" ]]; then
  echo "$suite"
  exit 0
fi
command -v apt-get >/dev/null || skip "no apt-get to fetch Redis's source package with"

mkdir -p "$cache"
work="$(mktemp -d "$cache/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/sources"

# The source lines follow the places that the system takes its binary packages from.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed_by=""
[[ ! -f "$keyring" ]] || signed_by="[signed-by=$keyring] "
apt-get indextargets --format '$(ORIGIN)|$(REPO_URI)|$(RELEASE)' \
  'Created-By: Packages' 'Component: main' | sort -u |
  while IFS='|' read -r origin uri release; do
    [[ "$origin" != Debian ]] || echo "deb-src ${signed_by}${uri} ${release} main"
  done >"$work/sources/debian.list"
[[ -s "$work/sources/debian.list" ]] ||
  skip "the system has no Debian package source to derive source lines from"

# The sandbox user of apt cannot write into a private folder.
apt_options=(
  -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/sources"
  -o "Dir::State=$work/state" -o Dir::State::status=/dev/null -o "Dir::Cache=$work/cache"
  -o APT::Sandbox::User="$(id -un)" -o APT::Get::List-Cleanup=0
)
cd "$work"
apt-get "${apt_options[@]}" update >"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log" >&2; skip "the package lists could not be fetched (no network?)"; }
revision="$(apt-cache "${apt_options[@]}" showsrc redis 2>>"$work/apt.log" |
  sed -n "s/^Version: \(.*[:]${version}-.*\)/\1/p" | sort -V | tail -1)"
[[ -n "$revision" ]] || skip "the package sources offer no redis $version"
apt-get "${apt_options[@]}" source --download-only "redis=$revision" >>"$work/apt.log" 2>&1 ||
  { cat "$work/apt.log" >&2; skip "redis $revision could not be downloaded"; }

# Debian's revisions share the original tarball, so the suite is the same under all of them.
if ! echo "$sha256  $tarball" | sha256sum --check --quiet >&2; then
  echo "$tarball is not the file that the skip list was written for" >&2
  exit 1
fi
mkdir "$work/suite"
tar -xzf "$tarball" -C "$work/suite" --strip-components=1 \
  "redis-$version/tests" "redis-$version/COPYING"
touch "$work/suite/.complete"
rm -rf "$suite"
mv "$work/suite" "$suite"
echo "$suite"
