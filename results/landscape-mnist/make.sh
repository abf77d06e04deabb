#!/usr/bin/env bash
# Remakes this result: runs what is missing of a search (275 trainings), measures its loss landscape and plots it. Trains
# ten more networks (two copies of three levels of the first ticket, and of two controls), which stay in the run.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=results/landscape-mnist
run=masks/lenet-mnist
levels=0,2,5,7,10,12,14,16,18
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

resume=()
[[ ! -e $run/run.h5 ]] || resume=(--resume)
build/release/bin/ltlab search --preset lenet-mnist --replicates 5 --control random-reinit,random-mask --out "$run" \
  "${resume[@]}" >/dev/null

landscape() {
  echo "\$ ltlab landscape $*"
  build/release/bin/ltlab landscape "$@" 2>"$work/progress" || { cat "$work/progress" >&2; exit 1; }
  echo
}

{
  landscape "$run" --levels $levels --out "$work/interpolation.h5"
  landscape "$run/replicate-0" --what instability --copies 2 --levels 0,10,18 --out "$work/instability.h5"
  landscape "$run/replicate-0/random-reinit-0" --what instability --copies 2 --levels 18
  landscape "$run/replicate-0/random-mask-0" --what instability --copies 2 --levels 18
  landscape "$run/replicate-0" "$run/replicate-1" --levels 0,10,18
  landscape "$run" --what sharpness --levels $levels --out "$work/sharpness.h5"
} | sed "s|$work/|/tmp/|; s| *$||" >"$here/table.txt"
scripts/plot_landscape.py "$work"/{interpolation,instability,sharpness}.h5 -o "$here/landscape.png"
