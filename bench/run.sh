#!/bin/sh
# Runs tideway and redis-server side by side and prints the table of ratios and floors.
# `make bench ARGS=...` builds everything first and passes its arguments on, for example:
#
#   bench/run.sh                           all rows, 7 alternated runs each (about 15 minutes)
#   bench/run.sh --quick                   3 short runs of each row, a first look
#   bench/run.sh --only get_pipe16,fanout  one row, and all rows whose names begin with "fanout"
#   bench/run.sh --list                    the names of the rows
#   bench/run.sh --ours PATH --peer PATH   other programs: two builds of tideway, for example
#
# The figures also go to build/bench/results.jsonl, a row a line. Run it on a machine that does
# nothing else: the notes below the table say when other programs were in the way.
set -eu

cd "$(dirname "$0")/.."
built=build/bench
program=$built/bench/side_by_side

if [ ! -x "$program" ]; then
  echo "bench: $program is missing; 'make bench' builds it" >&2
  exit 1
fi
if ! command -v redis-server >/dev/null; then
  echo "bench: redis-server is missing (Debian package redis-server)" >&2
  exit 1
fi

echo "bench: $(redis-server --version | cut -d' ' -f1-3), $(nproc) processors, $(uname -sr)"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$program" --ours "$built/tideway" --work-dir "$work" --json "$built/results.jsonl" "$@"
