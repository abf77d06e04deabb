#!/usr/bin/env bash
# Fuzzes each target for a while, and prints a table of what came out.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/fuzz
targets=(run-file user-arrays idx cifar gzip tar model-text config comparison)

usage() {
  cat <<EOF
Usage: tests/fuzz/run.sh SECONDS [TARGET...]

Builds the preset asan (clang; scripts/setup.sh build sanitize), and has libFuzzer feed each target for SECONDS, with
seeds, every crash found before, and what earlier runs found interesting (build/corpus). A crash is kept in
tests/fuzz/crashes/TARGET/, where ctest tries it again. Exit status 1 where there is one. Targets: ${targets[*]}.
EOF
}

# The value of one of libFuzzer's closing figures.
figure() { sed -n "s/^stat::$2: *//p" "$1"; }

fuzz() {
  local target=$1 log=$build/fuzz-$1.log crashes=$here/crashes/$1 status=0
  local folders=("$corpus/$target" "$build/seeds/$target" "$crashes")
  [[ ! -d $here/seeds/$target ]] || folders+=("$here/seeds/$target")
  mkdir -p "${folders[@]}"
  local before
  before=$(find "$crashes" -type f | wc -l)
  "$build/bin/ltlab_fuzz" --target="$target" -max_total_time="$seconds" -print_final_stats=1 -timeout=30 \
    -rss_limit_mb=4096 -max_len=65536 -detect_leaks=0 -artifact_prefix="$crashes/" "${folders[@]}" \
    >"$log" 2>&1 || status=$?
  local coverage found
  coverage=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
  found=$(($(find "$crashes" -type f | wc -l) - before))
  printf '%-12s %12s %10s %9s\n' "$target" "$(figure "$log" number_of_executed_units)" "${coverage:--}" "$found"
  [[ $status -eq 0 ]]
}

if [[ $# -eq 0 || $1 == --help || $1 == -h ]]; then
  usage
  exit 0
fi
seconds=$1
shift
[[ $# -eq 0 ]] || targets=("$@")

cd "$root"
build=$root/build/asan
corpus=$root/build/corpus
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$(nproc)" --target ltlab_fuzz ltlab_fuzz_replay | tail -1
rm -rf "$build/seeds"
"$build/bin/ltlab_fuzz_replay" seeds "$build/seeds"

export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1 UBSAN_OPTIONS=print_stacktrace=1
printf '%-12s %12s %10s %9s\n' target executions coverage crashes
failed=0
for target in "${targets[@]}"; do
  fuzz "$target" || failed=1
done
exit "$failed"
