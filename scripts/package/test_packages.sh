#!/usr/bin/env bash
# Makes all packages twice, compares them, and installs each in a clean root file system. Needs root and the network.
#
# usage: scripts/package/test_packages.sh
#   TORC_ROOTS  where the root file systems are, or are made (build/roots)
#   TORC_UV     the program uv, if it is not on PATH; without it, the newest one is installed with pip
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
roots=$(realpath -m "${TORC_ROOTS:-build/roots}")
packages=$PWD/build/packages-test

missing=()
for program in rpm rpmbuild debootstrap; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]} > 0)); then
  apt-get update -q
  apt-get install -q -y --no-install-recommends rpm debootstrap </dev/null
fi
scripts/foreign_roots.sh "$roots"

rm -rf "$packages" "$packages.again"
scripts/package.sh --output "$packages" --roots "$roots" all debian12 debian13
scripts/package.sh --output "$packages.again" --roots "$roots" all debian12 debian13 >/dev/null
diff "$packages/SHA256SUMS" "$packages.again/SHA256SUMS" ||
  { echo "Error: two runs of scripts/package.sh differ" >&2; exit 1; }

sources=${TORC_PORTABLE_CACHE:-build/portable-deps}/sources-$(sha256sum scripts/portable/sources.txt | cut -c1-12)
scripts/portable/fetch_sources.py "$sources" --emulator
if ! command -v uv >/dev/null && [[ -z ${TORC_UV-} ]]; then
  python3 -m venv build/uv
  build/uv/bin/pip install -q --disable-pip-version-check uv
  export TORC_UV=$PWD/build/uv/bin/uv
fi
TORC_PACKAGES=$packages TORC_ROOTS=$roots TORC_QEMU=$(realpath "$sources/emulator/usr/bin/qemu-aarch64") \
  tests/packages/packages_test.py -v
