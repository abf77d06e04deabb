#!/usr/bin/env bash
# Remakes this result: the search (goes on with one that was begun, or shows a finished one), its plot, and the paper's
# claims one by one.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/lenet-mnist
run=masks/lenet-mnist

search=(build/release/bin/ltlab search --preset lenet-mnist --replicates 5 --control "random-reinit,random-mask"
  --out "$run")
resume=()
[[ -e $run/run.h5 ]] && resume=(--resume)
"${search[@]}" "${resume[@]}" >"$here/table.txt"
"${search[@]}" --resume --json >"$here/report.json"
scripts/plot_search.py "$run" --title "LeNet-300-100, MNIST" -o "$here/search.png"
"$here/claims.py" "$run" >"$here/claims.md"
