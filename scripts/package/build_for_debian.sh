#!/usr/bin/env bash
# Builds torc with the libraries of the Debian that it runs on, for a Debian package.
#
# usage: build_for_debian.sh BUILD STAGE
#   BUILD  build directory; created if missing
#   STAGE  gets files/ (the installation) and depends (the package's Depends)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
build=$1 stage=$2

[[ -e $build/CMakeCache.txt ]] || cmake --preset release -B "$build" -DTORC_BUILD_TESTS=OFF >/dev/null
cmake --build "$build" --parallel "$(nproc)" --target torc >"$build/torc.log" || { tail -n 40 "$build/torc.log" >&2; exit 1; }
mkdir -p "$stage/debian"
DESTDIR=$stage/files cmake --install "$build" --prefix /usr --strip >/dev/null
chmod -R u=rwX,go=rX "$stage/files"
printf 'Source: torc-cpp\n\nPackage: torc-cpp\nArchitecture: any\n' >"$stage/debian/control"
(cd "$stage" && dpkg-shlibdeps -O files/usr/bin/torc 2>/dev/null) | sed -n 's/^shlibs:Depends=//p' >"$stage/depends"
[[ -s $stage/depends ]] || { echo "Error: dpkg-shlibdeps finds no libraries" >&2; exit 1; }
