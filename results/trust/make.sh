#!/usr/bin/env bash
# Tries to break ltlab for some hours: random models, searches, prunings, state dicts, faults and fuzzing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$here/../..
build=$root/build/release
every=(models searches prunings state-dicts faults fuzz)

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  cat <<EOF
Usage: results/trust/make.sh [PART...]

Runs each PART (${every[*]}; all of them without arguments) with the programs in build/release, writes its figures beside
this script, and makes table.md of all figures there. Exit status 1 where anything failed.
EOF
  exit 0
fi
parts=("$@")
[[ $# -gt 0 ]] || parts=("${every[@]}")

run() {
  case $1 in
    models) "$build/bin/random_models" --count 20000 --summary "$here/models.json" ;;
    searches) /usr/bin/python3 -B "$root/tests/differential/searches.py" "$build/bin/ltlab" --count 1000 --summary "$here/searches.json" ;;
    prunings)
      /usr/bin/python3 -B "$root/tests/pruning/pruning_cases.py" "$build/bin/ltlab_prune" --cases 20000 --runs 200 --ltlab "$build/bin/ltlab" \
        --summary "$here/prunings.json"
      ;;
    state-dicts) /usr/bin/python3 -B "$root/tests/fuzz/state_dicts.py" "$build/bin/ltlab" --cases 20000 --summary "$here/state-dicts.json" ;;
    faults)
      /usr/bin/python3 -B "$root/tests/faults/faults.py" "$build/bin/ltlab" "$build/tests/faults/libltlab_faults.so" --sample 200 \
        --summary "$here/faults.json"
      ;;
    fuzz) "$root/tests/fuzz/run.sh" 900 | tee "$here/fuzz.txt" ;;
    *) echo "make.sh: no part '$1'; there are: ${every[*]}" >&2 && return 2 ;;
  esac
}

status=0
for part in "${parts[@]}"; do
  echo "== $part"
  run "$part" || status=1
done
"$here/table.py" >"$here/table.md"
cat "$here/table.md"
exit "$status"
