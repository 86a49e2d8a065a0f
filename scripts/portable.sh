#!/usr/bin/env bash
# Builds torc as one static file that runs on any Linux of its architecture. See docs/portable.md.
#
# usage: scripts/portable.sh x86_64|aarch64 [TARGET...]
#   TARGET  what to build instead of torc, such as unit_tests
#
# Needs Debian's apt, network access the first time, and the packages cmake, ninja-build, make, dpkg-dev, perl, tcl,
# python3 and python3-pip. The compiler and the libraries are kept in ${TORC_PORTABLE_CACHE:-build/portable-deps}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

arch=${1-}
if [[ $arch != x86_64 && $arch != aarch64 ]]; then
  sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
shift

missing=()
for program in apt-get cmake ninja make dpkg-source perl tclsh python3; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]} > 0)); then
  echo "Error: not installed: ${missing[*]}. Run: apt-get install cmake ninja-build make dpkg-dev perl tcl python3" >&2
  exit 1
fi

key=$(cat scripts/portable/sources.txt scripts/portable/build_libraries.sh cmake/zig.cmake | sha256sum | cut -c1-12)
cache=${TORC_PORTABLE_CACHE:-build/portable-deps}
mkdir -p "$cache"
sources=$(cd "$cache" && pwd)/sources-$(sha256sum scripts/portable/sources.txt | cut -c1-12)
prefix=$(cd "$cache" && pwd)/$arch-$key

started=$SECONDS
echo "sources: $sources"
scripts/portable/fetch_sources.py "$sources"
echo "libraries: $prefix"
scripts/portable/build_libraries.sh "$arch" "$sources" "$prefix"

mkdir -p build
build=build/portable-$arch
echo "program: $build/torc"
cmake --preset portable -B "$build" -DTORC_PORTABLE_ARCH="$arch" -DTORC_PORTABLE_PREFIX="$prefix" >"$build.log" 2>&1 ||
  { cat "$build.log" >&2; exit 1; }
cmake --build "$build" --parallel "$(nproc)" --target "${@-torc}" >>"$build.log" 2>&1 ||
  { tail -n 60 "$build.log" >&2; exit 1; }
echo "built in $((SECONDS - started)) s"
