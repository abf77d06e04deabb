#!/usr/bin/env bash
# Fuzzes each target for a while, and prints a table of what came out.
set -euo pipefail
shopt -s nullglob

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/tests/fuzz
targets=(run-file user-arrays idx cifar gzip tar model-text arguments config comparison study-json)

usage() {
  cat <<EOF
Usage: tests/fuzz/run.sh SECONDS [TARGET...]

Builds the preset asan (clang; scripts/setup.sh build sanitize), and has libFuzzer feed each target for SECONDS, with
seeds, every crash found before, and what earlier runs found interesting (build/corpus). Prints a table: executions,
what they covered, inputs at which the reader crashed in libFuzzer's own process ("halts"), and those at which it did
as programs use it, with HDF5 in a child ("crashes"). A crash is kept in tests/fuzz/crashes/TARGET/, where ctest tries
it again. Exit status 1 where there is one. Targets: ${targets[*]}.
EOF
}

# Feeds each input at which libFuzzer's process halted to the reader as programs use it; keeps, and counts, crashes.
judge() {
  local target=$1 input crashes=0
  for input in "$found/$target"/*; do
    mkdir -p "$build/judged/$target" && cp "$input" "$build/judged/$target/"
    if ! (cd "$build" && bin/ltlab_fuzz_replay "$target" 0 "$build/judged/$target") >>"$build/fuzz-$target.log" 2>&1; then
      mkdir -p "$here/crashes/$target" && cp "$input" "$here/crashes/$target/"
      echo "$target crashes; its input, by base64: $(base64 -w 0 "$input" | head -c 4096)" >&2
      crashes=$((crashes + 1))
    fi
    rm -r "$build/judged/$target"
  done
  echo "$crashes"
}

fuzz() {
  local target=$1 log=$build/fuzz-$1.log folders=("$corpus/$1" "$build/seeds/$1") kept status=0
  for kept in "$here/seeds/$target" "$here/crashes/$target"; do
    [[ ! -d $kept ]] || folders+=("$kept")
  done
  mkdir -p "${folders[@]}" "$found/$target"
  # A signal that meets the allocator within an allocation can halt libFuzzer's process for ever: hence timeout.
  timeout --kill-after=10 $((seconds + 120)) "$build/bin/ltlab_fuzz" --target="$target" -fork=1 -ignore_crashes=1 \
    -ignore_timeouts=1 -ignore_ooms=1 -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4096 -max_len=65536 \
    -detect_leaks=0 -artifact_prefix="$found/$target/" "${folders[@]}" >"$log" 2>&1 || status=$?
  [[ $status -ne 124 && $status -ne 137 ]] || echo "$target: libFuzzer stood still, and was ended; see $log" >&2
  local last crashes
  last=$(grep -E '^#[0-9]+: cov: ' "$log" | tail -1) || true
  [[ -n $last ]] || { echo "$target: libFuzzer does not run; see $log" >&2 && return 1; }
  crashes=$(judge "$target")
  printf '%-12s %12s %10s %9s %9s\n' "$target" "$(sed -E 's/^#([0-9]+):.*/\1/' <<<"$last")" \
    "$(sed -E 's/.*cov: ([0-9]+).*/\1/' <<<"$last")" "$(find "$found/$target" -type f | wc -l)" "$crashes"
  [[ $crashes -eq 0 ]]
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
found=$build/found
cmake --preset asan >/dev/null
cmake --build --preset asan -j "$(nproc)" --target ltlab_fuzz ltlab_fuzz_replay | tail -1
rm -rf "$build/seeds" "$found"
"$build/bin/ltlab_fuzz_replay" seeds "$build/seeds"

export ASAN_OPTIONS=allocator_may_return_null=1:handle_abort=1:detect_leaks=0:quarantine_size_mb=16
export UBSAN_OPTIONS=print_stacktrace=1
printf '%-12s %12s %10s %9s %9s\n' target executions coverage halts crashes
failed=0
for target in "${targets[@]}"; do
  [[ $(jobs -rp | wc -l) -lt $(nproc) ]] || wait -n || failed=1
  fuzz "$target" &
done
for job in $(jobs -p); do
  wait "$job" || failed=1
done
exit "$failed"
