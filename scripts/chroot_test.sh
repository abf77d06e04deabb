#!/usr/bin/env bash
# Proves that the README's commands work on a bare Debian 12. Run by hand, as root; needs debootstrap and a mirror.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
suite=bookworm

usage() {
  cat <<EOF
Usage: scripts/chroot_test.sh [COMMAND...]

Makes a bare Debian 12 by debootstrap in a temporary folder (some 3 GB in \$TMPDIR, removed at the end), from the
mirror that this machine's apt uses, clones the last commit of this repository into it, and runs each COMMAND (one
shell line each) there, in the clone. Without arguments: 'scripts/quickstart.sh' and 'scripts/test.sh'. Prints the
transcript; the exit status is 0 if every command succeeded.
EOF
}

fail() {
  echo "chroot_test.sh: $*" >&2
  exit 1
}

# The address of the machine's own mirror of Debian.
mirror() {
  local uri
  # shellcheck disable=SC2016 # the $(...) are apt's
  uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk -v suite="$suite" '$2 == suite && $3 == "main" { print $1; exit }')
  [[ -n $uri ]] || fail "apt knows no mirror of $suite; look at /etc/apt/sources.list and run apt-get update"
  echo "$uri"
}

# Lets apt in the chroot reach what apt reaches here: sources, keys, proxies, certificates, names.
share_apt_settings() {
  local path
  rm "$chroot/etc/apt/sources.list"
  for path in /etc/apt/{sources.list,sources.list.d,trusted.gpg,trusted.gpg.d,keyrings,auth.conf,auth.conf.d} \
    /usr/share/keyrings /etc/ssl/certs/ca-certificates.crt /etc/resolv.conf /etc/hosts; do
    # Links there are absolute: written through, they would change this machine's own files.
    [[ -e $path ]] && cp -rLT --remove-destination "$path" "$chroot$path"
  done
  apt-config dump | grep '^Acquire::' >"$chroot/etc/apt/apt.conf.d/00host"
}

# Runs one shell line in the clone. Its mounts and processes live in namespaces of their own, which end with it.
run_inside() {
  echo
  echo "root@debian:~/ltlab# $1"
  # shellcheck disable=SC2016 # $1 and $2 are the inner shells'
  unshare --mount --pid --fork --kill-child bash -c '
    mount -t proc proc "$1/proc"
    mount -t tmpfs tmpfs "$1/dev/shm"
    exec chroot "$1" env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin "${@:3}" \
      bash -c "cd ~/ltlab && $2"' - "$chroot" "$1" "${proxies[@]}" </dev/null 2>&1
}

if [[ ${1:-} == --help || ${1:-} == -h ]]; then
  usage
  exit 0
fi
commands=("$@")
[[ $# -gt 0 ]] || commands=(scripts/quickstart.sh scripts/test.sh)
[[ $EUID -eq 0 ]] || fail "only root can make a chroot: run it as root or by sudo"
command -v debootstrap >/dev/null || fail "needs debootstrap: apt-get install debootstrap"
mapfile -t proxies < <(env | grep -i '^[a-z]*_proxy=' || true)

chroot=$(mktemp -d --suffix=.ltlab-chroot)
trap 'rm -rf --one-file-system "$chroot"' EXIT
# mktemp's folder is for its owner alone, but apt drops to a user of its own.
chmod 755 "$chroot"

echo "chroot_test: debootstrap of $suite"
debootstrap --variant=minbase --include=ca-certificates,git "$suite" "$chroot" "$(mirror)" >"$chroot.log" 2>&1 ||
  fail "debootstrap failed: $(tail -n 3 "$chroot.log"); all of it: $chroot.log"
rm -f "$chroot.log"
share_apt_settings
git clone --quiet --no-hardlinks "$root" "$chroot/root/ltlab"
echo "chroot_test: Debian $(<"$chroot/etc/debian_version"), $(chroot "$chroot" dpkg-query -W -f '.' | wc -c) packages," \
  "ltlab at $(git -C "$chroot/root/ltlab" log -1 --format='%h %s')"

for command in "${commands[@]}"; do
  SECONDS=0
  run_inside "$command" || fail "'$command' failed with status $? after $SECONDS s"
  echo "chroot_test: '$command' succeeded after $SECONDS s"
done
