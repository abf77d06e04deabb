#!/usr/bin/env bash
# Measures which lines of lib/ the tests reach.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
least=92 # percent of the lines

if [[ $# -gt 0 ]]; then
  cat <<EOF
Usage: tests/coverage.sh

Builds the tests and programs with counters, runs all tests, and prints the share of lines that they reach in each
file of lib/, the lines that they do not, and the total. The exit status is 0 if the total is at least $least %.
EOF
  [[ $# -eq 1 && ($1 == --help || $1 == -h) ]] && exit 0 || exit 2
fi

scripts/setup.sh build test plot coverage
cmake --preset coverage
cmake --build --preset coverage -j "$(nproc)"
find build/coverage -name '*.gcda' -delete
ctest --preset coverage -j "$(nproc)" || echo "coverage: some tests failed; what they reach counts all the same"
# Highway compiles a source once an instruction set: a line counts where any of them was run.
gcovr --root . --filter lib/ --object-directory build/coverage --exclude-unreachable-branches \
