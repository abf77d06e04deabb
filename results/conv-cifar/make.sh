#!/usr/bin/env bash
# Remakes this result: runs what is missing of the study and of the comparisons, and draws what comes out. CIFAR-10 is
# looked for as `ltlab data list` tells; `--data-dir DIR`, passed on, names another folder.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/conv-cifar
label="CIFAR-10 (JPEG copy)"
data=("$@")

# Conv-2, by the study that conv-2.cfg tells.
runs=masks/studies/conv-2
build/release/bin/ltlab study "$here/conv-2.cfg" --out "$runs" "${data[@]}"
for file in registration.json verdicts.json replication.json verdicts.md; do
  cp "$runs/$file" "$here/conv-2-$file"
done
table=(build/release/bin/ltlab search --resume --out "$runs/base" "${data[@]}")
"${table[@]}" >"$here/conv-2.txt"
"${table[@]}" --json >"$here/conv-2.json"
scripts/plot_search.py "$runs/base" --title "Conv-2, $label" -o "$here/conv-2.png"
scripts/plot_study.py "$here/conv-2-verdicts.json" -o "$here/conv-2-verdicts.png"

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
