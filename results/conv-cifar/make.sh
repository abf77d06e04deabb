#!/usr/bin/env bash
# Remakes this result: the searches (goes on with those that were begun, or shows finished ones) and their plots.
# CIFAR-10 is looked for as `ltlab data list` tells; `--data-dir DIR`, passed on, names another folder.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/conv-cifar
label="CIFAR-10 (JPEG copy)"
data=("$@")

# Searches into masks/conv-cifar/NAME with the options that follow, and draws what comes out under TITLE.
search() {
  local name=$1 title=$2 run=masks/conv-cifar/$1 resume=()
  shift 2
  [[ -e $run/run.h5 ]] && resume=(--resume)
  build/release/bin/ltlab search "$@" "${data[@]}" --replicates 2 --out "$run" "${resume[@]}" >"$here/$name.txt"
  build/release/bin/ltlab search "$@" "${data[@]}" --replicates 2 --out "$run" --resume --json >"$here/$name.json"
  scripts/plot_search.py "$run" --title "$title" -o "$here/$name.png"
}

# Conv-2 with the paper's settings, but 2,500 of its 20,000 iterations, and harder rounds.
search conv-2 "Conv-2, $label" --preset conv2-cifar --steps 2500 --rate 0.4 --convolution-rate 0.2 --output-rate 0.2 \
  --levels 8 --validate-every 250 --target-density 0 --control random-reinit

# Searches that NAME.cfg tells, and their comparison.
compare() {
  local name=$1
  local words=(build/release/bin/ltlab compare --config "$here/$name.cfg" --out "masks/conv-cifar/$name" "${data[@]}")
  "${words[@]}" >"$here/$name.txt"
  "${words[@]}" --format json >"$here/$name.json"
  scripts/plot_comparison.py "$here/$name.json" --title "ResNet-20, $label" -o "$here/$name.png"
}

# ResNet-20: rewound to an early step, to initialization, and reinitialized; then, with more seeds and a sparser level,
# the two rewindings alone.
compare resnet-20
compare resnet-20-rewinding
