#!/usr/bin/env bash
# Runs a miniature search with each kernel, its verification, and some random models under valgrind's memcheck.
set -euo pipefail

if [[ $# -lt 1 || $1 == --help || $1 == -h ]]; then
  echo "Usage: tests/valgrind.sh BUILD_FOLDER [RANDOM_MODELS (20)]"
  [[ $# -ge 1 ]] && exit 0 || exit 2
fi
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1
models=${2:-20}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# OpenMP's and oneDNN's memory for the whole process is no leak.
memcheck() {
  valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite \
    --suppressions="$tests/valgrind.supp" "$@"
}

for kernel in sparse dense auto; do
  memcheck "$build/bin/ltlab" search --data embedded --embedded-train 300 --embedded-test 200 --validation 50 \
    --steps 6 --validate-every 3 --levels 2 --rate 0.5 --replicates 2 --control random-reinit --workers 2 \
    --kernel "$kernel" --out "$folder/$kernel" \
    --model 'conv 6 relu; conv 8 1x1 relu; max-pool 2x2; batch-norm; linear classes' >/dev/null
  memcheck "$build/bin/ltlab" verify "$folder/$kernel" >/dev/null
done
memcheck "$build/bin/random_models" --count "$models"
echo "valgrind: no errors in 3 searches and $models random models"
