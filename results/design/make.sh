#!/usr/bin/env bash
# Remakes this result: simulates experiments of known truth, compares statistics with scipy and statsmodels, and tampers
# with a study (half an hour of one core).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
here=$root/results/design
export PATH=$root/build/release/bin:$PATH

ltlab_simulations 20000 >"$here/simulations.txt"
/usr/bin/python3 -B "$root/tests/statistics/statistics_cases.py" "$root/build/release/bin/ltlab_statistics" --cases 1000 \
  >"$here/statistics.txt"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/study.cfg" "$work"
cd "$work"

# Prints a command and what it prints, with the status of one that fails.
show() {
  local printed status=0
  printed=$(COLUMNS=118 bash -c "$*" 2>&1) || status=$?
  echo "\$ $*"
  [[ -z $printed ]] || grep -v -e '^ltlab: \(loading data\|searching\|variant\)' -e '^replicate ' -e 'steps/s$' <<<"$printed" |
    fold -s -w 118 || true
  [[ $status -eq 0 ]] || echo "(status $status)"
  echo
}

{
  echo "# What a surviving weight costs does not depend on the kernel: FLOPs of the same masks by each."
  for kernel in dense sparse auto; do
    show "ltlab search --preset quick --steps 100 --densities 0.2 --kernel $kernel --out $kernel | grep FLOPs"
  done
  echo "# A learning rate that destroys every network."
  show "ltlab search --preset quick --steps 100 --replicates 5 --levels 2 --learning-rate 1e9 --out wild | tail -5"
  echo "# A ticket of 80 %, which its mask with new weights matches as well."
  show "ltlab search --preset quick --steps 1000 --rate 0.2 --levels 1 --seed 20 --out as-well | tail -8"
} >"$here/verdicts.txt"
{
  echo "# A study is registered and run."
  show ltlab study study.cfg
  echo "# Its claim is changed when results exist, to what they show."
  show "sed -i 's/above base/below base/' study.cfg"
  show "ltlab study study.cfg | grep -v '^Effects'"
  echo "# The entry of the registration is changed to agree with it."
  show "sed -i 's/above base/below base/' masks/study/registration.json"
  show ltlab study study.cfg
  echo "# The registration is removed, so that it is made anew."
  show rm masks/study/registration.json
  show "ltlab study study.cfg | grep -e Registered -e 'results existed'"
  echo "# A figure of the replication package is changed."
  show "sed -i '0,/\"test_accuracy\": 0/s//\"test_accuracy\": 1/' masks/study/replication.json"
  show ltlab study --replicate masks/study/replication.json --out anew
} >"$here/tampering.txt"
