#!/usr/bin/env bash
# Measures what ltlab costs beside the fastest dense kernels and PyTorch, and draws it: results/performance/.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
parts=(kernels steps search)

usage() {
  cat <<EOF
Usage: scripts/bench.sh [--quick] [--avx2] [--out DIR] [--sparseprop DIR] [PART...]

Installs missing Debian packages, builds, measures the parts that are named, and draws and tabulates all that DIR then
holds (results/performance). Nothing else should run on the machine meanwhile; machine.txt tells its load.

Parts (without arguments: all):
  kernels   each sparse kernel beside oneDNN, OpenBLAS and Eigen, and how its cost grows     kernels.csv, 5 minutes
  steps     training steps of each model beside PyTorch, in turns                            steps.csv, 40 minutes
  search    whole searches of LeNet-300-100 on MNIST beside PyTorch, in turns                search.csv, 9 minutes

--sparseprop DIR
            kernels beside SparseProp's too, compiled from a checkout of IST-DASLab/sparseprop (needs pybind11-dev)
--avx2      as a processor without AVX-512 would do it, on all sides; not for searches
--quick     a few minutes in all: fewer cases and turns, and a search of 500 steps a level
EOF
}

fail() {
  echo "bench.sh: $*" >&2
  exit 2
}

# What made the numbers, and what else ran.
describe_machine() {
  echo "date            $(date -u +%Y-%m-%dT%H:%M:%SZ)"
  echo "revision        $(git describe --always --dirty 2>/dev/null || echo unknown)"
  echo "command         scripts/bench.sh ${words[*]}"
  echo "load before     $load on $(nproc) cores"
  echo "kernel          $(uname -sr)"
  echo "compiler        $(c++ --version | head -n 1)"
  dpkg-query -W -f '${Package} ${Version}\n' libdnnl2 libopenblas0-pthread libeigen3-dev libhwy1 libbenchmark-dev \
    python3-torch 2>/dev/null | # fails where one is missing, which is no reason to stop
    awk '{ printf "%-22s %s\n", $1, $2 }' || true
  echo
  lscpu | grep -E '^(Model name|CPU\(s\)|Thread|Core|L1d|L2|L3|CPU max|Hypervisor)'
}

words=("$@")
quick=()
avx2=OFF
out=results/performance
sparseprop=
chosen=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --help | -h)
      usage
      exit 0
      ;;
    --quick) quick=(--quick) ;;
    --avx2) avx2=ON ;;
    --out)
      [[ $# -ge 2 ]] || fail "--out needs a folder"
      out=$2
      shift
      ;;
    --sparseprop)
      [[ -e ${2:-}/sparseprop/lib/sparse_linear.cpp ]] || fail "--sparseprop needs a checkout of IST-DASLab/sparseprop"
      sparseprop=$(realpath "$2")
      shift
      ;;
    *)
      [[ " ${parts[*]} " == *" $1 "* ]] || fail "no part '$1'; there are: ${parts[*]}"
      chosen+=("$1")
      ;;
  esac
  shift
done
[[ ${#chosen[@]} -gt 0 ]] || chosen=("${parts[@]}")
wants() {
  [[ " ${chosen[*]} " == *" $1 "* ]]
}

if [[ $avx2 == ON ]]; then
  if wants search; then fail "--avx2 is for kernels and steps: name them"; fi
  export ONEDNN_MAX_CPU_ISA=AVX2 OPENBLAS_CORETYPE=Haswell ATEN_CPU_CAPABILITY=avx2
fi
core=${OPENBLAS_CORETYPE-$(scripts/openblas_core.py)}
[[ -z $core ]] || export OPENBLAS_CORETYPE=$core

load=$(cut -d ' ' -f 1-3 /proc/loadavg)
scripts/setup.sh build bench plot
cmake --preset release -D LTLAB_SPARSEPROP="$sparseprop" -D LTLAB_BENCH_AVX2=$avx2 -D Python3_EXECUTABLE=/usr/bin/python3
cmake --build build/release --target ltlab_app ltlab_bench -j "$(nproc)"

mkdir -p "$out"
machine=$(describe_machine) # before a file of the tree changes
echo "$machine" >"$out/machine.txt"
build/release/bin/ltlab-bench machine | tee "$out/machine.json"
if wants kernels; then
  build/release/bin/ltlab-bench kernels "${quick[@]}" --benchmark_out="$out/kernels.csv" --benchmark_out_format=csv
fi
for part in steps search; do
  if wants "$part"; then scripts/bench_pairs.py "$part" "${quick[@]}" --out "$out"; fi
done
scripts/plot_performance.py "$out"
