#!/usr/bin/env bash
# Runs miniature searches by each kernel, their verification, and some random models under valgrind's memcheck.
set -euo pipefail

if [[ $# -lt 1 || $1 == --help || $1 == -h ]]; then
  echo "Usage: tests/valgrind/run.sh BUILD_FOLDER [RANDOM_MODELS (10)]"
  [[ $# -ge 1 ]] && exit 0 || exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
models=${2:-10}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
c++ -std=c++20 -O2 -shared -fPIC -o "$folder/stand_ins.so" "$here/stand_ins.cpp"

memcheck() {
  valgrind --quiet --trace-children=yes --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --show-leak-kinds=definite "$@"
}

# search NAME KERNEL MODEL OPTION_OF_VALGRIND...
search() {
  local out=$folder/$1 kernel=$2 model=$3
  shift 3
  memcheck "$@" env LD_PRELOAD="$folder/stand_ins.so" "$build/bin/ltlab" search --data embedded \
    --embedded-train 120 --embedded-test 60 --validation 30 --batch 20 --steps 4 --validate-every 2 --levels 2 \
    --rate 0.5 --replicates 2 --control random-reinit --workers 2 --kernel "$kernel" --model "$model" \
    --out "$out" >"$out.log" 2>&1 || { cat "$out.log"; return 1; }
  memcheck env LD_PRELOAD="$folder/stand_ins.so" "$build/bin/ltlab" verify "$out" >/dev/null
}

searches() {
  search "$1-linear" "$1" 'linear 20 relu; batch-norm; dropout 0.3; linear classes'
  # Code that oneDNN makes for convolutions leaves values behind that valgrind takes for undefined: bounds alone.
  search "$1-convolutions" "$1" 'conv 4 relu; conv 5 1x1 relu; max-pool 4x4; batch-norm; linear classes' \
    --undef-value-errors=no
}

random_models() {
  memcheck --undef-value-errors=no env LD_PRELOAD="$folder/stand_ins.so" "$build/bin/random_models" --count "$models"
}

searches sparse &
searches dense &
random_models &
failed=0
for job in $(jobs -p); do
  wait "$job" || failed=1
done
[[ $failed -eq 0 ]] || exit 1
echo "valgrind: no errors in 4 searches and $models random models"
