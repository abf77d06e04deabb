#!/usr/bin/env bash
# Remakes this result: runs what is missing of methods.cfg (goes on with what was begun), compares it, draws it, and holds
# it against published orderings. Once all is run, this takes seconds.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/schedules-mnist
compare=(build/release/bin/ltlab compare --config "$here/methods.cfg" --out masks/schedules-mnist
  --densities "0.2,0.1,0.05,0.02,0.01" "$@")

"${compare[@]}" --format markdown >"$here/table.md"
"${compare[@]}" --format json >"$here/comparison.json"
scripts/plot_comparison.py "$here/comparison.json" -o "$here/comparison.png"
"$here/orderings.py" "$here/comparison.json" >"$here/orderings.md"
