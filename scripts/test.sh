#!/usr/bin/env bash
# Builds and tests: the optimized build, and on request all else that continuous integration checks.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
fuzz_seconds=${LTLAB_FUZZ_SECONDS:-20}
every=(release asan tsan valgrind fuzz lint)

usage() {
  cat <<EOF
Usage: scripts/test.sh [CHECK...]

Installs missing Debian packages, then runs each check that is named; without arguments: release.

Checks:
  release   all tests, on the optimized build
  asan      all tests, programs included, under AddressSanitizer and UndefinedBehaviorSanitizer
  tsan      the tests that start threads, under ThreadSanitizer
  valgrind  a miniature search and some random models of the optimized build, under memcheck
  fuzz      each fuzz target, for LTLAB_FUZZ_SECONDS (20) seconds
  lint      layout and style
  all       all of these

Ends with ctest's closing lines, or another check's last line; the exit status is 0 if all passed.
EOF
}

build() {
  cmake --preset "$1" && cmake --build --preset "$1" -j "$(nproc)"
}

build_and_test() {
  build "$1" && ctest --preset "$1" -j "$(nproc)"
}

check() {
  case $1 in
    release | tsan) build_and_test "$1" ;;
    asan) scripts/setup.sh sanitize && build_and_test asan ;;
    valgrind) scripts/setup.sh valgrind && build release && tests/valgrind/run.sh build/release ;;
    fuzz) scripts/setup.sh sanitize && tests/fuzz/run.sh "$fuzz_seconds" ;;
    lint) scripts/lint.sh ;;
  esac
}

# From ctest's share of tests passed to the names of those that failed; of other checks the last line.
closing_lines() {
  if grep -q 'tests passed,' "$1"; then
    sed -n '/tests passed,/,$p' "$1"
  else
    tail -n 1 "$1"
  fi
}

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  usage
  exit 0
fi
checks=("$@")
[[ $# -gt 0 ]] || checks=(release)
[[ "${checks[*]}" == all ]] && checks=("${every[@]}")
for name in "${checks[@]}"; do
  if [[ " ${every[*]} " != *" $name "* ]]; then
    echo "test.sh: no check '$name'; there are: ${every[*]} all" >&2
    exit 2
  fi
done

scripts/setup.sh build test plot

if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi
mkdir -p build
status=0
for name in "${checks[@]}"; do
  echo "== $name"
  start=$SECONDS
  check "$name" 2>&1 | tee "build/$name.log" || status=1
  echo "== $name: $((SECONDS - start)) s"
done

echo
for name in "${checks[@]}"; do
  echo "== $name"
  closing_lines "build/$name.log"
done
exit "$status"
