#!/usr/bin/env bash
# Installs the Debian packages that ltlab needs and that are missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
list=$root/scripts/packages.txt

usage() {
  cat <<EOF
Usage: scripts/setup.sh [GROUP...]

Installs the packages of these groups of scripts/packages.txt; without arguments: of all groups.
Installs only what is missing, by apt-get, with sudo unless you are root; needs no network if nothing is missing.

Groups:
$(sed -n 's/^\[\([a-z]*\)\] /  \1\t/p' "$list")
EOF
}

fail() {
  echo "setup.sh: $*" >&2
  exit 1
}

# Prints the packages of one group.
packages_of() {
  awk -v group="[$1]" '
    { sub(/#.*/, "") }
    /^\[/ { inside = $1 == group; next }
    inside && NF { print $1 }' "$list"
}

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root, and there is no sudo; run as root: apt-get install --no-install-recommends ${missing[*]}"
  fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"
}

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  usage
  exit 0
fi
mapfile -t groups < <(sed -n 's/^\[\([a-z]*\)\].*/\1/p' "$list")
for group in "$@"; do
  [[ " ${groups[*]} " == *" $group "* ]] || fail "no group '$group' in $list; there are: ${groups[*]}"
done
[[ $# -gt 0 ]] && groups=("$@")

command -v dpkg-query >/dev/null ||
  fail "this is no Debian system; install by other means what these packages hold: $list"

mapfile -t wanted < <(for group in "${groups[@]}"; do packages_of "$group"; done | sort -u)
missing=()
for package in "${wanted[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if [[ ${#missing[@]} -eq 0 ]]; then
  echo "setup: all ${#wanted[@]} packages are installed (${groups[*]})"
  exit 0
fi

echo "setup: installing ${#missing[@]} of ${#wanted[@]} packages: ${missing[*]}"
# Old package lists may still do, so a failed update is no reason to stop.
apt_get update || echo "setup.sh: apt-get update failed; trying with the package lists at hand" >&2
apt_get install -y --no-install-recommends "${missing[@]}" ||
  fail "apt-get could not install: ${missing[*]}. See its message above: is the network up, and is this Debian 12?"
