#!/usr/bin/env bash
# Remakes this result: runs what is missing of the study, and writes its verdicts, all tables and their plots.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/schedules-mnist
runs=masks/studies/schedules-mnist

build/release/bin/ltlab study "$here/study.cfg" --out "$runs" "$@"
cp "$runs"/{registration,verdicts,replication}.json "$runs/verdicts.md" "$here"
compare=(build/release/bin/ltlab compare --config "$here/study.cfg" --out "$runs" --densities "0.2,0.1,0.05,0.02,0.01")
"${compare[@]}" --format markdown >"$here/table.md"
"${compare[@]}" --format json >"$here/comparison.json"
scripts/plot_comparison.py "$here/comparison.json" -o "$here/comparison.png"
scripts/plot_study.py "$here/verdicts.json" -o "$here/verdicts.png"
