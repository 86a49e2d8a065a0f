#!/usr/bin/env bash
# Installs the Debian packages needed to build, to test and to run the demo. Installed packages are not changed; if none
# is missing, the script needs neither network nor root.
#
# usage: scripts/install-deps.sh [--with-browser | --only-build]
#   --with-browser  also a browser for the tests of pages (220 MB)
#   --only-build    without the packages for tests and demo
set -euo pipefail

with_browser=false
only_build=false
case "${1-}" in
  "") ;;
  --with-browser) with_browser=true ;;
  --only-build) only_build=true ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

# to build
packages=(
  g++ cmake ninja-build ccache git python3 pkgconf
  libcli11-dev libcurl4-openssl-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libsqlitecpp-dev libsqlite3-dev
  libyaml-cpp-dev libarchive-dev zlib1g-dev libre2-dev libboost-dev libssl-dev libcrypt-dev
)
if [[ $only_build == false ]]; then
  # to test and for the demo
  packages+=(
    libgtest-dev sqlite3 openssh-client openssh-server openssl procps busybox python3-venv xz-utils clang libclang-rt-dev
  )
fi

# Any of these browsers will do if it is already installed.
browser=()
if [[ $with_browser == true ]] && ! command -v chromium-headless-shell chromium chromium-browser google-chrome >/dev/null; then
  browser=(chromium-headless-shell)
fi

if ! command -v apt-get >/dev/null || ! command -v dpkg-query >/dev/null; then
  echo "Error: this script installs Debian packages, and this system has no apt-get. Install what corresponds to:" >&2
  printf '  %s\n' "${packages[@]}" >&2
  exit 1
fi

is_installed() { [[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]; }
# Either of the two packages of busybox will do; each replaces the other.
if is_installed busybox-static; then
  packages=("${packages[@]/%busybox/busybox-static}")
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]} + ${#browser[@]} == 0)); then
  echo "install-deps: all ${#packages[@]} packages are there"
  exit 0
fi

as_root=(env DEBIAN_FRONTEND=noninteractive)
if ((EUID != 0)); then
  if ! command -v sudo >/dev/null; then
    echo "Error: not root and no sudo. Ask an administrator to run: apt-get install ${missing[*]} ${browser[*]}" >&2
    exit 1
  fi
  as_root=(sudo "${as_root[@]}")
fi

echo "install-deps: installing ${missing[*]} ${browser[*]}"
"${as_root[@]}" apt-get update -q
if ((${#missing[@]} > 0)); then
  "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
fi
if ((${#browser[@]} > 0)) && ! is_installed "${browser[0]}"; then
  # The only optional package: without it, the tests that need it are skipped and report it.
  "${as_root[@]}" apt-get install -q -y --no-install-recommends "${browser[@]}" </dev/null ||
    echo "install-deps: ${browser[0]} cannot be installed; tests that look at pages will be skipped" >&2
fi

# The tests run their own sshd on loopback addresses. The package also starts the system's sshd, which nobody requested.
if [[ " ${missing[*]} " == *" openssh-server "* && -d /run/systemd/system ]]; then
  "${as_root[@]}" systemctl disable --now ssh >/dev/null 2>&1 || true
  echo "install-deps: the system's ssh service is off; 'systemctl enable --now ssh' turns it on"
fi

if dpkg --compare-versions "$(cmake --version | awk 'NR == 1 {print $3}')" lt 3.25; then
  echo "Error: $(cmake --version | head -1) is older than 3.25, that of Debian 12" >&2
  exit 1
fi
