#!/usr/bin/env bash
# Shows a complete run on this machine: installs missing packages, builds, starts a server and three ssh workers
# (private sshd's on 127.0.0.2, 127.0.0.3 and 127.0.0.4, each with its own home directory, as the current user), runs
# examples/sweep.yaml on them with `torc remote run`, collects the logs and ends everything again, also when
# interrupted. Writes only to the build directory and a temporary directory; does not touch ~/.ssh.
#
# usage: scripts/quickstart.sh [LOG_DIR]    LOG_DIR: keep the collected logs there
#        TORC_BIN=FILE scripts/quickstart.sh    use this program; install and build nothing
set -euo pipefail

if (($# > 1)) || [[ ${1-} == -* ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
log_dir=${1:+$(realpath -m -- "$1")}
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD
torc=$root/build/release/torc
work=
server_pid=
current_pid=

clean_up() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  local pid
  for pid in $current_pid $server_pid; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  if [[ -n $work ]]; then
    [[ ! -d $work/workers ]] || "$root/scripts/loopback_workers.py" stop "$work/workers" || true
    rm -rf -- "$work"
  fi
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

section() { printf '\n== %s\n' "$1"; }

# Runs a long command in the background, so that a signal to this script takes effect at once, not at the command's end.
patiently() {
  local status=0
  "$@" &
  current_pid=$!
  wait "$current_pid" || status=$?
  current_pid=
  return "$status"
}

# Shows a torc command and runs it.
show() {
  printf '$ torc %s\n' "$*"
  "$torc" "$@"
}

build() {
  section "Packages"
  scripts/install-deps.sh

  section "Build (some minutes the first time)"
  mkdir -p build
  local output=/dev/stdout
  [[ -t 1 ]] || output=build/quickstart.log
  cmake --preset release >build/configure.log || { cat build/configure.log; exit 1; }
  patiently cmake --build build/release --target torc --parallel "$(nproc)" >"$output" || {
    [[ -t 1 ]] || tail -n 50 "$output"
    exit 1
  }
}

if [[ -n ${TORC_BIN-} ]]; then
  torc=$(realpath -- "$TORC_BIN")
else
  build
fi
"$torc" --version

section "A server and three ssh workers on this machine"
work=$(mktemp -d "${TMPDIR:-/tmp}/torc-quickstart-XXXXXX")
for name in $(compgen -e | grep '^TORC_' || true); do
  unset "$name" # the demo must not use the user's server or password
done
export XDG_STATE_HOME=$work/state
: >"$work/server.out" # The loop below reads it, perhaps before the server starts.
"$torc" server run --host 127.0.0.1 --port 0 --database "$work/torc.db" >"$work/server.out" 2>"$work/server.log" </dev/null &
server_pid=$!
port=
for ((i = 0; i < 300; i++)); do
  port=$(sed -n 's/^TORC_SERVER_PORT=//p' "$work/server.out")
  [[ -z $port ]] || break
  kill -0 "$server_pid" 2>/dev/null || break
  sleep 0.1
done
if [[ -z $port ]]; then
  echo "Error: the server does not start:" >&2
  cat "$work/server.out" "$work/server.log" >&2
  exit 1
fi
export TORC_API_URL=http://127.0.0.1:$port/torc-service/v1
echo "server at $TORC_API_URL"
"$root/scripts/loopback_workers.py" start "$work/workers" 3 --torc "$torc" >"$work/names"
export TORC_SSH=$work/workers/client/ssh TORC_SCP=$work/workers/client/scp
cat "$work/names"
mapfile -t workers < <(cut -d' ' -f1 "$work/names")
cd "$work"

section "A workflow"
cp "$root/examples/sweep.yaml" .
show create sweep.yaml | tee created
id=$(sed -n 's/^Created workflow //p' created)
show remote add-workers "$id" "${workers[@]}"

section "Run it on the workers"
show remote run "$id" --poll-interval 1 --max-parallel-jobs 2
show remote status "$id"
progress() { "$root/scripts/quickstart_report.py" "$1" "$TORC_API_URL" "$id"; }
patiently progress watch

section "Who ran what"
progress summary

section "Logs"
logs=${log_dir:-remote_logs}
show remote collect-logs "$id" -l "$logs"
for archive in "$logs"/*.tar.gz; do
  output=$(tar -tzf "$archive" | awk '/\.o$/ && !found { print; found = 1 }')
  printf '%s: %d files; %s says:\n  %s\n' "${archive##*/}" "$(tar -tzf "$archive" | grep -vc '/$')" "${output#./}" \
    "$(tar -xzOf "$archive" "$output" | sed -n 1p)"
done
if [[ -n $log_dir ]]; then
  echo "They are in $log_dir."
else
  echo "They go with the demo; 'scripts/quickstart.sh LOG_DIR' keeps them."
fi

section "Done; server and workers are taken down"
