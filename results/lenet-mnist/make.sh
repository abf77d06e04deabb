#!/usr/bin/env bash
# Remakes this result: runs what is missing of the study, and writes its verdicts, the table of its levels and their plots.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/lenet-mnist
runs=masks/studies/lenet-mnist

build/release/bin/ltlab study "$here/study.cfg" --out "$runs" "$@"
cp "$runs"/{registration,verdicts,replication}.json "$runs/verdicts.md" "$here"
table=(build/release/bin/ltlab search --resume --out "$runs/base")
"${table[@]}" >"$here/table.txt"
"${table[@]}" --json >"$here/report.json"
scripts/plot_search.py "$runs/base" --title "LeNet-300-100, MNIST" -o "$here/search.png"
scripts/plot_study.py "$here/verdicts.json" -o "$here/verdicts.png"
