#!/usr/bin/env bash
# Makes packages of torc. Two runs on the same commit give the same bytes.
#
# usage: scripts/package.sh [OPTION...] TYPE...
#   tar    torc-cpp-VERSION-linux-ARCH.tar.gz: the portable program, the portable programs of all processors for
#          `torc remote install`, documentation
#   deb    the same as Debian packages
#   rpm    the same as RPM packages; needs rpmbuild (Debian's package rpm)
#   wheel  the portable program as a Python wheel
#   all    these four
#   debian12, debian13
#          a Debian package of a program that uses the libraries of that Debian; needs root, and debootstrap unless this
#          machine runs that Debian
#
#   --output DIR        where the packages go, with their SHA256SUMS (build/packages)
#   --arch ARCH         only for x86_64 or aarch64
#   --build ARCH=DIR    the program from this build directory, instead of scripts/portable.sh
#   --build debian12=DIR    where the program for the Debian of this machine is built (build/debian12)
#   --roots DIR         where the file systems of other Debians are, see scripts/foreign_roots.sh (build/roots)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
umask 022

usage() { sed -n '2,21s/^# \{0,1\}//p' "$0" >&2; exit 2; }

output=build/packages roots=build/roots archs=(x86_64 aarch64) types=()
declare -A builds=()
while (($# > 0)); do
  case $1 in
    --output | --roots | --arch | --build) (($# > 1)) || usage ;;&
    --output) output=$2; shift ;;
    --roots) roots=$2; shift ;;
    --arch) archs=("$2"); shift ;;
    --build) builds[${2%%=*}]=${2#*=}; shift ;;
    all) types+=(tar deb rpm wheel) ;;
    tar | deb | rpm | wheel | debian12 | debian13) types+=("$1") ;;
    *) usage ;;
  esac
  shift
done
((${#types[@]} > 0)) || usage

version=$(sed -n 's/^project(torc VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
mkdir -p "$output"
output=$(realpath "$output")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# need_portable: builds[ARCH] of each processor, the list of what is linked in, and the licences
need_portable() {
  [[ -e $work/portable ]] && return
  local arch cache sources
  for arch in "${archs[@]}"; do
    if [[ -z ${builds[$arch]-} ]]; then
      scripts/portable.sh "$arch"
      builds[$arch]=build/portable-$arch
    fi
  done
  cache=${TORC_PORTABLE_CACHE:-build/portable-deps}
  sources=$cache/sources-$(sha256sum scripts/portable/sources.txt | cut -c1-12)
  mkdir "$work/portable"
  if [[ -d $sources/src ]]; then
    scripts/package/make_spdx.py "$version" "$work/portable/torc.spdx.json" "$work/portable/third-party-licences.txt" \
      "$sources"
  else
    echo "Warning: the licences of the libraries are missing, because $sources is" >&2
    scripts/package/make_spdx.py "$version" "$work/portable/torc.spdx.json"
  fi
}

# set_times DIR: every file gets the time of the commit
set_times() { find "$1" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +; }

# stage BUILD PREFIX DIR: installs into DIR
stage() {
  DESTDIR=$3 cmake --install "$1" --prefix "$2" >/dev/null
  chmod -R u=rwX,go=rX "$3"
}

# stage_portable ARCH PREFIX DIR: the same with the portable programs and their licences
stage_portable() {
  local arch=$1 prefix=$2 other
  stage "${builds[$arch]}" "$prefix" "$3"
  mkdir -p "$3$prefix/lib/torc"
  for other in "${archs[@]}"; do
    if [[ $other == "$arch" ]]; then
      ln -s ../../bin/torc "$3$prefix/lib/torc/torc-linux-$other"
    else
      install -m 755 "${builds[$other]}/torc" "$3$prefix/lib/torc/torc-linux-$other"
    fi
  done
  cp "$work"/portable/* "$3$prefix/share/doc/torc/"
  set_times "$3"
}

make_tar() {
  local arch=$1 name=torc-cpp-$version-linux-$1
  # The prefix is the one for which the unit for systemd is right.
  stage_portable "$arch" /usr/local "$work/tar-$arch"
  mv "$work/tar-$arch/usr/local" "$work/tar-$arch/$name"
  tar -C "$work/tar-$arch" --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -cf - "$name" |
    gzip -9n >"$output/$name.tar.gz"
}

# build_deb STAGE ARCHITECTURE VERSION DEPENDS
build_deb() {
  local root=$1
  mkdir -p "$root/DEBIAN"
  {
    echo "Package: torc-cpp"
    echo "Version: $3"
    echo "Architecture: $2"
    echo "Maintainer: the torc in C++ authors <torc-cpp@localhost>"
    echo "Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$root" | cut -f1)"
    [[ -z $4 ]] || echo "Depends: $4"
    echo "Suggests: openssh-client"
    echo "Section: science"
    echo "Priority: optional"
    echo "Description: Run thousands of jobs on the machines you have"
    echo " torc runs parameter sweeps, simulations and pipelines of scripts on this machine"
    echo " or on any machine that you reach with ssh. It needs no scheduler, no root access"
    echo " and no agent to install first."
  } >"$root/DEBIAN/control"
  install -m 755 packaging/after_install.sh "$root/DEBIAN/postinst"
  install -m 755 packaging/before_remove.sh "$root/DEBIAN/prerm"
  (cd "$root" && find usr -type f -print0 | sort -z | xargs -0 md5sum >DEBIAN/md5sums)
  set_times "$root"
  dpkg-deb --root-owner-group -Zxz --build "$root" "$output/torc-cpp_$3_$2.deb" >/dev/null
}

make_deb() {
  local architecture=amd64
  [[ $1 == x86_64 ]] || architecture=arm64
  stage_portable "$1" /usr "$work/deb-$1"
  build_deb "$work/deb-$1" "$architecture" "$version-1" ""
}

make_rpm() {
  stage_portable "$1" /usr "$work/rpm-$1"
  printf 'set(%s)\n' "TORC_VERSION $version" "TORC_ARCH $1" "TORC_STAGE $work/rpm-$1" "TORC_OUTPUT $work/rpm-out-$1" \
    >"$work/rpm-$1.cmake"
  echo "include(\"$PWD/packaging/rpm.cmake\")" >>"$work/rpm-$1.cmake"
  (cd "$work" && cpack --config "$work/rpm-$1.cmake" >"$work/rpm.log" 2>&1) || { cat "$work/rpm.log" >&2; return 1; }
  mv "$work/rpm-out-$1"/*.rpm "$output/"
}

make_wheel() {
  local documents=$work/wheel-$1
  mkdir "$documents"
  cp README.md LICENSE "$work"/portable/* "$documents/"
  scripts/package/make_wheel.py "$version" "$1" "${builds[$1]}/torc" "$documents" "$output"
}

# make_for_debian NUMBER
make_for_debian() {
  local stage=$work/debian$1
  if [[ $(. /etc/os-release && echo "$ID${VERSION_ID-}") == "debian$1" ]]; then
    scripts/package/build_for_debian.sh "${builds[debian$1]-build/debian$1}" "$stage"
  else
    scripts/package/build_in_root.sh "$roots/debian$1" "$stage"
  fi
  build_deb "$stage/files" "$(dpkg --print-architecture)" "$version-1~deb$1" "$(cat "$stage/depends")"
}

for type in "${types[@]}"; do
  case $type in
    debian*) make_for_debian "${type#debian}" ;;
    *)
      need_portable
      for arch in "${archs[@]}"; do
        "make_$type" "$arch"
      done
      ;;
  esac
done
[[ ! -d $work/portable ]] || cp "$work/portable/torc.spdx.json" "$output/torc-cpp-$version.spdx.json"
(cd "$output" && find . -maxdepth 1 -type f ! -name SHA256SUMS -printf '%f\0' | sort -z | xargs -0 sha256sum >SHA256SUMS)
cat "$output/SHA256SUMS"
