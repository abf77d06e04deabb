#!/usr/bin/env bash
# From a fresh clone to a winning ticket: installs what is missing, builds ltlab and runs its small search.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

if [[ $# -gt 0 ]]; then
  cat <<EOF
Usage: scripts/quickstart.sh

Installs missing Debian packages, builds build/release/bin/ltlab, and searches for a winning ticket on the data set
that ltlab draws itself (preset quick), into masks/quick: some minutes on two cores. A second run goes on with the
search where the first one stopped, or shows its result again; to start afresh, remove masks/quick.
EOF
  [[ $# -eq 1 && ($1 == --help || $1 == -h) ]] && exit 0 || exit 2
fi

scripts/setup.sh build

if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi
cmake --preset release
cmake --build build/release --target ltlab_app -j "$(nproc)"

run=masks/quick
resume=()
[[ -d $run ]] && resume=(--resume)
build/release/bin/ltlab search --preset quick --out "$run" "${resume[@]}"

cat <<EOF

The search lies in $run: every mask and weight of every level, in HDF5.
  check it      build/release/bin/ltlab verify $run
  look inside   h5dump -H $run/replicate-0/run.h5
  plot it       scripts/setup.sh plot && scripts/plot_search.py $run -o $run/search.png
  next          build/release/bin/ltlab search --help
EOF
