#!/usr/bin/env bash
# Builds and runs all tests: optimized, and again under AddressSanitizer and UndefinedBehaviorSanitizer.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

usage() {
  cat <<EOF
Usage: scripts/test.sh [PRESET...]

Installs missing Debian packages, then configures, builds and tests each preset of CMakePresets.json that is named;
without arguments: release asan, of which asan leaves out the programs, the analysis of finished runs and the second
number type of each kernel. To run those under the sanitizers too: cmake --preset asan -D LTLAB_CORE_ONLY=OFF, then
cmake --build build/asan && ctest --test-dir build/asan. Ends with the closing lines of ctest; the exit status is 0 if
all tests of all presets passed.
EOF
}

# Configures, builds and tests one preset; ctest's report is kept in its build folder.
check() {
  local preset=$1
  echo "== $preset"
  cmake --preset "$preset" &&
    cmake --build --preset "$preset" -j "$(nproc)" &&
    ctest --preset "$preset" -j "$(nproc)" | tee "build/$preset/ctest.log"
}

# ctest's closing lines, from the share of tests passed to the names of those that failed.
closing_lines() {
  local log=build/$1/ctest.log
  echo "== $1"
  if [[ -e $log ]]; then
    sed -n '/tests passed,/,$p' "$log"
  else
    echo "not tested: the build failed"
  fi
}

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  usage
  exit 0
fi
presets=("$@")
[[ $# -gt 0 ]] || presets=(release asan)

scripts/setup.sh build test plot

if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi
status=0
for preset in "${presets[@]}"; do
  rm -f "build/$preset/ctest.log"
  check "$preset" || status=1
done

echo
for preset in "${presets[@]}"; do
  closing_lines "$preset"
done
exit "$status"
