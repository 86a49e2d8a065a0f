#include <algorithm>

#include "remote/scripts/scripts.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_session_function = R"sh(
# Unsets the variables with which sshd and shells describe the session. Because of SSH_CLIENT and SHLVL, the bash of
# some systems takes each `bash -c` of a job for a remote login and reads ~/.bashrc.
forget_session() { unset SSH_CLIENT SSH2_CLIENT SSH_CONNECTION SSH_TTY SSH_ORIGINAL_COMMAND SHLVL; }
)sh";

constexpr std::string_view k_report_functions = R"sh(
report_begin() { printf '\n%s\n' '#torc-report'; }
report_end() { printf '%s\n' '#torc-report-end'; }
put() { printf '%s=%s\n' "$1" "$2"; }

# Ends the script with a report that contains the reason of a failure.
fail() {
  report_begin
  put failed "$1"
  report_end
  exit 1
}
)sh";

constexpr std::string_view k_place_functions = R"sh(
# Sets `expanded` to the absolute path; a relative path is below the home directory.
expand() {
  case $1 in
    /*) expanded=$1 ;;
    '~') expanded=$HOME ;;
    '~/'*) expanded=$HOME/${1#??} ;;
    *) expanded=$HOME/$1 ;;
  esac
}

# Sets `resolved` to the real path of a directory, or to "" if it does not exist.
resolve() {
  resolved=$(CDPATH= cd -- "$1" 2>/dev/null && pwd -P) || resolved=
  # POSIX allows a path to keep two leading slashes; on Linux they mean one.
  case $resolved in //*) resolved=${resolved#/} ;; esac
}

# Sets `boot_now` and `host_now`, or to "unknown" if they cannot be read. A start writes the same values into the worker
# file.
boot_now= host_now=
read_identity() {
  [ -z "$boot_now" ] || return 0
  IFS= read -r boot_now 2>/dev/null </proc/sys/kernel/random/boot_id
  boot_now=${boot_now:-unknown}
  IFS= read -r host_now 2>/dev/null </proc/sys/kernel/hostname
  host_now=${host_now:-$(uname -n 2>/dev/null)}
  host_now=${host_now:-unknown}
}

# Whether the recorded process still runs: $1 is its pid, $2 its start time (proc(5), field 22), $3 its boot ID. If one
# of the boot IDs is unknown, pid and start time decide.
alive() {
  case $1 in '' | *[!0-9]*) return 1 ;; esac
  read_identity
  case $3 in
    "$boot_now" | unknown | '') ;;
    *) [ "$boot_now" = unknown ] || return 1 ;;
  esac
  stat_line=
  IFS= read -r stat_line 2>/dev/null <"/proc/$1/stat" || return 1
  alive_fields "$2" ${stat_line##*) }
}
alive_fields() { [ "$2" != Z ] && [ "$2" != X ] && [ "${21}" = "$1" ]; }

# Whether the runner of the worker file that was read is visible from here, so that `alive` can tell whether it runs.
# Processes of another host or container are not visible; without /proc, no process is.
can_see_worker() {
  read_identity
  [ -r "/proc/$$/stat" ] && [ "$host_now" != unknown ] && [ "$w_host" = "$host_now" ]
}

# Reads a worker file: name=value lines written by a start.
read_worker_file() {
  w_pid= w_ticks= w_boot= w_host= w_out= w_log= guardian_pid= guardian_ticks=
  [ -f "$1" ] || return 1
  while IFS= read -r line; do
    case $line in
      pid=*) w_pid=${line#*=} ;;
      start_ticks=*) w_ticks=${line#*=} ;;
      guardian_pid=*) guardian_pid=${line#*=} ;;
      guardian_ticks=*) guardian_ticks=${line#*=} ;;
      boot_id=*) w_boot=${line#*=} ;;
      host=*) w_host=${line#*=} ;;
      output_dir=*) w_out=${line#*=} ;;
      log=*) w_log=${line#*=} ;;
    esac
  done 2>/dev/null <"$1"
  [ -n "$w_pid" ]
}

# Reads a pid file of torc 0.23, which contains the number alone: only a process that looks like that runner counts.
legacy_alive() {
  legacy_pid=
  IFS= read -r legacy_pid 2>/dev/null <"$1" || [ -n "$legacy_pid" ] || return 1
  case $legacy_pid in '' | *[!0-9]*) return 1 ;; esac
  [ -r "/proc/$legacy_pid/cmdline" ] || return 1
  case "$(tr '\0' ' ' 2>/dev/null <"/proc/$legacy_pid/cmdline") " in
    *torc*" run $2 "*) return 0 ;;
  esac
  return 1
}

set_places() {
  [ -n "$HOME" ] || HOME=$(CDPATH= cd ~ && pwd) || fail "the session has no home directory"
  CDPATH= cd -- "$HOME" 2>/dev/null || fail "cannot enter the home directory $HOME"
  state_root=${XDG_STATE_HOME:-$HOME/.local/state}/torc
  state=$state_root/$server_id/$workflow/$key
}

# Creates the worker's state directory, accessible to this user only, whatever the umask; also restricts a directory
# that an older torc created.
make_state() {
  (umask 077 && mkdir -p -- "$state") &&
    chmod 700 -- "$state_root" "$state_root/$server_id" "$state_root/$server_id/$workflow" "$state"
}

# Sets `out` to the given directory, else to the one with which the runner was started, else to the default.
choose_output_dir() {
  if [ -n "$output_dir" ]; then
    expand "$output_dir"
    out=$expanded
  elif read_worker_file "$state/worker" && [ -n "$w_out" ]; then
    out=$w_out
  else
    out=$HOME/torc_output
  fi
}
)sh";

constexpr std::string_view k_torc_functions = R"sh(
find_torc() {
  torc=
  if [ -n "$remote_torc" ]; then
    case $remote_torc in
      */* | '~') expand "$remote_torc"; [ -f "$expanded" ] && [ -x "$expanded" ] && torc=$expanded ;;
      *) torc=$(command -v -- "$remote_torc") || torc= ;;
    esac
    return 0
  fi
  torc=$(command -v torc) || torc=
  case $torc in /*) return 0 ;; esac
  # A login shell may have another PATH; output of its start files precedes the answer.
  torc=$(limited "${SHELL:-/bin/sh}" -l -c 'command -v torc' 2>/dev/null </dev/null)
  torc=${torc##*"$newline"}
  case $torc in /*) [ -x "$torc" ] && return 0 ;; esac
  torc=$HOME/.local/bin/torc
  [ -x "$torc" ] || torc=
}

# Runs a program with a time limit, so that it does not outlive the connection if it hangs.
limited() {
  if command -v timeout >/dev/null 2>&1; then
    timeout "$probe_limit" "$@" || {
      # The timeout of some builds of busybox ends with the status of the program that it has ended.
      status=$?
      [ "$status" != 143 ] || status=124
      return "$status"
    }
  else
    "$@"
  fi
}

# Queries the torc at `$torc`: sets `probe` if it has the command worker-probe, else `version`.
ask_torc() {
  has_probe= hangs= probe= version=
  probe=$(limited "$torc" worker-probe "$workflow" 2>/dev/null </dev/null)
  status=$?
  case $status:$probe in
    *'"torc_probe"'*) has_probe=1 ;;
    124:*)
      probe=
      hangs=1
      ;;
    *)
      probe=
      version=$(limited "$torc" --version 2>&1 </dev/null)
      version=${version##*"$newline"}
      ;;
  esac
}

newline='
'
)sh";

}  // namespace

std::string safe_id(const std::string& id) {
  const bool plain = !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
  return plain ? id : base::to_hex(base::hash64(id), 16);
}

Script worker_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  Script script;
  script.set("server_id", safe_id(workflow.server_id))
      .set("workflow", std::to_string(workflow.workflow_id))
      .set("key", worker.key)
      .set("output_dir", output_dir)
      .set("now", std::to_string(base::unix_millis_now() / 1000))
      .add(k_session_function)
      .add(k_report_functions)
      .add(k_place_functions);
  return script;
}

Script bare_script() {
  Script script;
  script.add(k_report_functions);
  return script;
}

std::string_view session_function() {
  return k_session_function;
}

std::string_view torc_functions() {
  return k_torc_functions;
}

std::string connectivity_script() {
  return bare_script().add("main() { report_begin; put reached 1; report_end; }\n").text();
}

}  // namespace torc::remote
