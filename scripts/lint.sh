#!/usr/bin/env bash
# Checks layout and style: clang-format, clang-tidy and shellcheck.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

if [[ $# -gt 0 ]]; then
  cat <<EOF
Usage: scripts/lint.sh

Checks that all C++ sources are laid out as .clang-format says, lib/ and apps/ keep to .clang-tidy, and the shell
scripts pass shellcheck. Changes no source; the exit status is 0 if nothing was found.
To lay out sources: git ls-files '*.cpp' '*.h' | xargs clang-format -i
EOF
  [[ $# -eq 1 && ($1 == --help || $1 == -h) ]] && exit 0 || exit 2
fi

scripts/setup.sh build bench lint
# clang-tidy reads the compile commands, and the headers that configuring and the first target generate.
cmake --preset lint
cmake --build --preset lint

status=0
git ls-files -z '*.cpp' '*.h' | xargs -0 clang-format --dry-run -Werror || status=1
# All that is compiled of lib/ and apps/; sources of lib/ ten at a time, so that two of them with an equal name clash.
grep -oP '"file": "\K[^"]*' build/lint/compile_commands.json | grep -E "^$root/(build/lint/lib|lib|apps)/" |
  xargs -d '\n' -n 1 -P "$(nproc)" clang-tidy -p build/lint --quiet --extra-arg=-Wno-unknown-warning-option \
    2> >(grep -v 'warnings generated' >&2) || status=1
# A call of HDF5 that begins a statement drops its result: lib/ltlab/hdf5/library.h has the checks.
# shellcheck disable=SC2016
git ls-files -z 'lib/*.cpp' | xargs -0 awk '
  { sub(/ *\/\/.*/, "") }
  before ~ /[;{}:)]$/ && /^ *H5[A-Z]+[a-z]/ { print FILENAME ":" FNR ": unchecked: " $0; found = 1 }
  NF { before = $0 }
  END { exit found }' || status=1
git ls-files -z '*.sh' .ci/run | xargs -0 shellcheck || status=1

[[ $status -eq 0 ]] && echo "lint: nothing found" || echo "lint: see above"
exit "$status"
