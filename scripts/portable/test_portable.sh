#!/usr/bin/env bash
# Builds and tests the portable torc: the unit tests on x86_64; for aarch64, in emulation, that torc works as a server,
# as a runner and on an ssh worker; both, as root, on workers of other distributions.
#
# usage: scripts/portable/test_portable.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

scripts/portable.sh x86_64 torc unit_tests
ctest --test-dir build/portable-x86_64 --output-on-failure --no-tests=error -L unit

scripts/portable.sh aarch64
cache=${TORC_PORTABLE_CACHE:-build/portable-deps}
sources=$cache/sources-$(sha256sum scripts/portable/sources.txt | cut -c1-12)
scripts/portable/fetch_sources.py "$sources" --emulator
TORC_QEMU=$(realpath "$sources/emulator/usr/bin/qemu-aarch64")
export TORC_QEMU TORC_BIN=${TORC_BIN:-build/release/torc}
TORC_PORTABLE_BIN=build/portable-aarch64/torc tests/portable/emulated_test.py -v

if [[ $(id -u) == 0 ]]; then
  mkdir -p build/portable
  for arch in x86_64 aarch64; do
    cp "build/portable-$arch/torc" "build/portable/torc-linux-$arch"
  done
  scripts/foreign_roots.sh build/foreign_roots
  TORC_BINARY_DIR=build/portable TORC_ROOTS=build/foreign_roots tests/portable/foreign_roots_test.py -v
else
  echo "Not tested, because it needs root: workers of other distributions (tests/portable/foreign_roots_test.py)" >&2
fi
