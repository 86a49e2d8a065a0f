#!/usr/bin/env bash
# Builds torc for a Debian package in the file system of another Debian. Needs root and the network.
#
# usage: build_in_root.sh ROOT STAGE
#   ROOT   a minimal installation, see scripts/foreign_roots.sh; a copy of it, ROOT.build, gets the compiler, and is kept
#   STAGE  gets what build_for_debian.sh makes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$1 stage=$2

[[ -d $root ]] || scripts/foreign_roots.sh "$(dirname "$root")"
[[ -d $root.build ]] || cp -a "$root" "$root.build"
cp -L /etc/resolv.conf "$root.build/etc/" 2>/dev/null || true
cp /etc/apt/apt.conf.d/*proxy* "$root.build/etc/apt/apt.conf.d/" 2>/dev/null || true
# With its history, from which the build takes its id.
rm -rf "$root.build/src" "$root.build/stage"
git clone -q --no-hardlinks . "$root.build/src"
chroot "$root.build" /src/scripts/install-deps.sh --only-build >"$root.build/install.log" 2>&1 ||
  { tail -n 20 "$root.build/install.log" >&2; exit 1; }
# Always at the same path, which the program may contain. ccache, kept in the copy, leaves only changes to compile.
chroot "$root.build" env -i PATH="$PATH" HOME=/root SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" CCACHE_DIR=/var/cache/ccache \
  /src/scripts/package/build_for_debian.sh /src/build/debian /stage
mkdir -p "$stage"
cp -a "$root.build/stage/." "$stage"
