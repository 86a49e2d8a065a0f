#!/usr/bin/env bash
# Makes root file systems of other distributions, for tests of programs and workers there. Needs root, debootstrap and
# apt; uses the archive that apt is configured with.
#
# usage: scripts/foreign_roots.sh DIR
#   DIR  gets debian11, debian12, debian13 (minimal installations), busybox and busybox-aarch64 (only busybox);
#        existing ones are kept
set -euo pipefail

if [[ $# != 1 || $1 == -* ]]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
mkdir -p "$1"
cd "$1"
roots=$PWD

archive=$(apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages' |
  awk '!found && $1 !~ /security/ { print $2; found = 1 }')
if [[ -z $archive ]]; then
  echo "Error: apt has no archive here; see sources.list(5)" >&2
  exit 1
fi

# make_debian NAME SUITE
make_debian() {
  [[ ! -e $1 ]] || return 0
  rm -rf "$1.new"
  if ! debootstrap --variant=minbase "$2" "$1.new" "$archive" >"$1.log" 2>&1; then
    tail -n 5 "$1.log" >&2
    echo "Error: debootstrap cannot make $2 from $archive; see $PWD/$1.log" >&2
    return 1
  fi
  rm -rf "$1.new"/var/cache/apt/* "$1.new"/var/lib/apt/lists/*
  mv "$1.new" "$1"
}

# apt_for ARCHITECTURE ARGUMENT...: apt with its own lists, so that the state of the system does not change
apt_for() {
  local state=$roots/apt-$1
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial"
  apt-get -qq -o APT::Architecture="$1" -o APT::Architectures="$1" -o Dir::State::lists="$state/lists" \
    -o Dir::Cache="$state/cache" -o APT::Sandbox::User= "${@:2}"
}

# make_busybox NAME ARCHITECTURE: /bin has busybox and a link for each of its programs
make_busybox() {
  [[ ! -e $1 ]] || return 0
  rm -rf "$1.new"
  mkdir -p "$1.new"/{bin,dev,etc,proc,root,tmp}
  (
    apt_for "$2" update
    cd "$1.new/tmp"
    apt_for "$2" download "busybox-static:$2"
    dpkg-deb -x busybox-static_*.deb unpacked
    cp unpacked/bin/busybox ../bin/
    # The programs are the same for every processor; this busybox may not start here.
    for program in $(busybox --list); do [[ $program == busybox ]] || ln -s busybox "../bin/$program"; done
    rm -rf ./*
  )
  echo 'root:x:0:0:root:/root:/bin/sh' >"$1.new/etc/passwd"
  echo 'root:x:0:' >"$1.new/etc/group"
  chmod 1777 "$1.new/tmp"
  mv "$1.new" "$1"
}

make_debian debian11 bullseye
make_debian debian12 bookworm
make_debian debian13 trixie
make_busybox busybox amd64
make_busybox busybox-aarch64 arm64
