#!/usr/bin/env bash
# Installs missing packages, builds and runs every test: the unit tests under the address and undefined behaviour
# sanitizers, those of proc, store and server under the thread sanitizer, the fuzzers for a short while, then all tests
# of the release build.
#
# usage: scripts/test.sh [--quick | --everything]
#   --quick       no sanitizers, no fuzzing, no slow tests, no browser
#   --everything  also tests that are too long for continuous integration: the request fuzzer for 30 minutes, each unit
#                 test ten times, and the packages (as root)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick=false
everything=false
case "${1-}" in
  "") ;;
  --quick) quick=true ;;
  --everything) everything=true ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac

jobs=$(nproc)
failed=()
started=$SECONDS

section() { printf '\n== %s (%d s)\n' "$1" $((SECONDS - started)); }

# build PRESET [TARGET...]: a failure ends the script
build() {
  local preset=$1 log="build/$1.log"
  shift
  mkdir -p build
  cmake --preset "$preset" >"$log" 2>&1 || { cat "$log"; exit 1; }
  cmake --build "build/$preset" --parallel "$jobs" ${1+--target "$@"} >>"$log" 2>&1 || { tail -n 100 "$log"; exit 1; }
}

# run_tests PRESET ARGUMENT...: records a failure and continues. Many tests wait rather than compute, so the number of
# tests at once is one more than that of processors; ARGUMENT may override --parallel.
run_tests() {
  local preset=$1
  shift
  ctest --test-dir "build/$preset" --parallel "$((jobs + 1))" --output-on-failure --no-tests=error "$@" || failed+=("$preset")
}

# The same for a sanitizer build. Reports go to files, since a test may redirect standard error.
run_sanitized_tests() {
  local report="$PWD/build/$1/sanitizer_report"
  rm -f "$report".*
  ASAN_OPTIONS=log_path=$report UBSAN_OPTIONS=print_stacktrace=1:log_path=$report TSAN_OPTIONS=log_path=$report run_tests "$@"
  if compgen -G "$report.*" >/dev/null; then
    head -n 60 "$report".*
  fi
}

section "packages"
if [[ $quick == true ]]; then
  scripts/install-deps.sh
else
  scripts/install-deps.sh --with-browser
fi

section "release build"
build release

if [[ $quick == false ]]; then
  section "unit tests, address and undefined behaviour sanitizers"
  build asan unit_tests
  run_sanitized_tests asan -L unit --parallel "$((jobs * 2))"

  section "unit tests of proc, store and server, thread sanitizer"
  build tsan unit_proc unit_store unit_server
  run_sanitized_tests tsan -R '^unit\.(proc|store|server)(_[0-9]+)?$'
fi

if [[ $quick == false ]]; then
  section "fuzzing, 30 s each"
  scripts/fuzz.sh 30 || failed+=("fuzz")
fi

section "all tests, release build"
if [[ $quick == true ]]; then
  run_tests release -LE slow
else
  run_tests release
fi

if [[ $everything == true ]]; then
  section "unit tests, ten times over, release build"
  run_tests release -L unit --repeat until-fail:10 --parallel "$((jobs * 2))"

  section "packages, each installed in a clean root"
  scripts/package/test_packages.sh || failed+=("packages")

  section "fuzzing requests, 30 minutes"
  scripts/fuzz.sh 1800 request || failed+=("fuzz, 30 minutes")
fi

if ((${#failed[@]} > 0)); then
  echo "Tests failed in: ${failed[*]}" >&2
  exit 1
fi
