#!/usr/bin/env bash
# Builds the fuzzing targets and runs each for a while, from the recorded requests, the examples and tests/fuzz/corpus.
# If one fails, its input is kept in build/fuzz/found and this script fails.
#
# usage: scripts/fuzz.sh [SECONDS [TARGET...]]    default: 30 seconds each of archive, model, request, workflow_file
#        TORC_FUZZ_SEED=N scripts/fuzz.sh ...     N selects the random choices (default: 1)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1-30}
if ! [[ $seconds =~ ^[0-9]+$ ]]; then
  sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
targets=("${@:2}")
((${#targets[@]} > 0)) || targets=(archive model request workflow_file)

mkdir -p build/fuzz/found
cmake --preset fuzz >build/fuzz/build.log 2>&1 || { cat build/fuzz/build.log; exit 1; }
cmake --build build/fuzz --parallel --target "${targets[@]/#/fuzz_}" >>build/fuzz/build.log 2>&1 || {
  tail -n 100 build/fuzz/build.log
  exit 1
}
tests/fuzz/make_seeds.py build/fuzz/seeds

# Packaged libraries are built without the sanitizer's annotations of containers, which causes false reports.
export ASAN_OPTIONS=detect_container_overflow=0 UBSAN_OPTIONS=print_stacktrace=1

# fuzz TARGET: runs it; adds new inputs to build/fuzz/corpus, and prints a summary or the end of its log
fuzz() {
  local target=$1 log="build/fuzz/$1.log"
  mkdir -p "build/fuzz/corpus/$target" "build/fuzz/kept/$target" "tests/fuzz/corpus/$target"
  # The inputs kept from earlier, longer runs.
  if [[ -f tests/fuzz/corpus/$target.tar.xz ]]; then
    tar -xJf "tests/fuzz/corpus/$target.tar.xz" -C "build/fuzz/kept/$target"
  fi
  # An input has at most 64 KiB, so 10 s or 1 GB for one input is a failure, too.
  if ! "build/fuzz/fuzz_$target" -seed="${TORC_FUZZ_SEED-1}" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=1024 \
    -dict="build/fuzz/seeds/$target.dict" -artifact_prefix="build/fuzz/found/$target-" -print_final_stats=1 \
    "build/fuzz/corpus/$target" "build/fuzz/kept/$target" "tests/fuzz/corpus/$target" "build/fuzz/seeds/$target" >"$log" 2>&1; then
    tail -n 60 "$log"
    echo "$target: failed; the input is in build/fuzz/found" >&2
    return 1
  fi
  echo "$target: $(grep -E 'DONE' "$log" | tail -n 1); $(awk '/number_of_executed_units/ {print $2}' "$log") executions"
}

running=()
for target in "${targets[@]}"; do
  fuzz "$target" &
  running+=("$!")
done
status=0
for process in "${running[@]}"; do
  wait "$process" || status=1
done
exit "$status"
