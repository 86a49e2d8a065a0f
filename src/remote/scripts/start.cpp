#include <algorithm>

#include <fmt/format.h>

#include "remote/scripts/scripts.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_check_functions = R"sh(
check() {
  find_torc
  has_probe=
  hangs=
  probe=
  version=
  place_certificate
  if [ -n "$torc" ]; then
    TORC_WORKER_STATE=$state
    export TORC_WORKER_STATE
    ask_torc
  fi
  expand "$output_dir"
  out=$expanded
  read_owner "$out"
  report_begin
  put torc "$torc"
  put has_probe "$has_probe"
  put hangs "$hangs"
  put probe "$probe"
  put version "$version"
  put owner "$owner"
  put output_dir "$output_dir"
  put skip_version_check "$skip_version_check"
  if find_running "$out"; then put running "$running"; fi
  report_end
}

# With `again`: loads the settings of the last start, or refuses if the runner did not die or must not be restarted.
recall() {
  [ -n "$again" ] || return 0
  refused=
  if read_worker_file "$state/worker" && alive "$w_pid" "$w_ticks" "$w_boot"; then
    :
  elif [ -e "$state/stop_requested" ] || [ -e "$state/stay_down" ]; then
    refused='a stop was requested'
  elif [ ! -f "$state/start" ]; then
    refused="it has no record of how it was started; start it with 'torc remote run'"
  else
    refuse_ended
  fi
  [ ! -r "$state/start" ] || . "$state/start"
  [ -z "$not_after" ] || [ "$now" -lt "$not_after" ] || refused=${refused:-'its time is over'}
  [ -z "$refused" ] || refuse
}
refuse_ended() {
  [ -f "$state/ended" ] || return 0
  while IFS= read -r line; do
    case $line in
      reason=finished | reason=canceled | reason=stopped | reason=time_over) refused='it ended normally' ;;
    esac
  done <"$state/ended"
}
refuse() {
  report_begin
  put refused "$refused"
  report_end
  exit 0
}

# Writes the CA certificates of the server for the probe and the runner. The file is accessible to this user only:
# anyone who could change it could impersonate the server.
place_certificate() {
  [ -n "$ca_certificate" ] || return 0
  TORC_TLS_CA_CERT=$state/ca.pem
  export TORC_TLS_CA_CERT
  message=$(
    exec 2>&1
    make_state && umask 077 && printf '%s\n' "$ca_certificate" >"$TORC_TLS_CA_CERT.$$" &&
      mv -f -- "$TORC_TLS_CA_CERT.$$" "$TORC_TLS_CA_CERT"
  ) || fail "$message"
}

# Sets `running` to the pid of this worker's runner; a runner that torc 0.23 started with this output directory counts,
# too.
find_running() {
  running=
  if read_worker_file "$state/worker" && alive "$w_pid" "$w_ticks" "$w_boot"; then
    running=$w_pid
  elif [ -f "$1/torc_worker_$workflow.pid" ] && legacy_alive "$1/torc_worker_$workflow.pid" "$workflow"; then
    running=$legacy_pid
  fi
  [ -n "$running" ]
}

# Sets `owner` to the ID of the other server whose workflow of the same ID wrote into the directory $1; "" if there is
# none.
read_owner() {
  owner=
  marker=$1/.torc_server_$workflow
  [ -s "$marker" ] && IFS= read -r owner 2>/dev/null <"$marker"
  [ "$owner" != "$server_id" ] || owner=
}
)sh";

constexpr std::string_view k_start_functions = R"sh(
# Runs as a separate process in its own session: records its identity, then becomes the runner.
become_runner='
  state=$1 out=$2 log=$3 now=$4 boot=$5 host=$6
  shift 6
  ticks_of() { shift 19; ticks=$1; }
  IFS= read -r stat <"/proc/$$/stat"
  ticks_of ${stat##*) }
  (umask 077 && printf "pid=%s\nstart_ticks=%s\nboot_id=%s\nhost=%s\noutput_dir=%s\nlog=%s\nstarted=%s\n" \
    "$$" "$ticks" "$boot" "$host" "$out" "$log" "$now" >"$state/worker.new") || exit 1
  mv -f -- "$state/worker.new" "$state/worker" || exit 1
  # Last, so that these variables cannot replace those used above. With eval instead of arguments, which other users can
  # see.
  eval "unset TORC_RUNNER_ENVIRONMENT
$TORC_RUNNER_ENVIRONMENT"
  # bash sets SHLVL for the programs that it starts.
  if [ -n "$BASH_VERSION" ] && command -v env >/dev/null; then exec env -u SHLVL "$@"; fi
  exec "$@"
'

# For a runner that does not record its own end: waits for it, and records a normal end.
watch_runner='
  state=$1 become=$2
  shift 2
  setsid sh -c "$become" sh "$@" || exit
  [ -e "$state/stop_requested" ] ||
    (umask 077 && printf "reason=finished\nexit=0\ntime=%s\ngiven_back=0\n" "$(date +%s)" >"$state/ended")
'

# Starts the runner. Prints what it writes to descriptor 9, and returns when the runner closes that descriptor or dies.
launch() {
  forget_session
  read_identity
  if [ -n "$has_probe" ]; then
    TORC_WORKER_READY_FD=9
    export TORC_WORKER_READY_FD
    launch_with "$become_runner" sh "$state" "$out" "$log" "$now" "$boot_now" "$host_now" "$@" 9>&1
  else
    launch_with "$watch_runner" sh "$state" "$become_runner" "$state" "$out" "$log" "$now" "$boot_now" "$host_now" "$@"
  fi
}
launch_with() {
  if command -v nohup >/dev/null 2>&1; then
    nohup setsid sh -c "$@" </dev/null >"$log" 2>&1 8>&- &
  else
    # What nohup does; some builds of busybox lack it.
    (trap '' HUP && exec setsid sh -c "$@") </dev/null >"$log" 2>&1 8>&- &
  fi
}

# Stores the settings for a restart, accessible to this user only, since they may contain variables of a worker file.
remember() {
  [ -n "$to_remember" ] || return 0
  message=$(
    exec 2>&1
    umask 077 && printf '%s\n' "$to_remember" >"$state/start.new" && mv -f -- "$state/start.new" "$state/start"
  ) || fail "$message"
}

# Prevents two simultaneous starts: the second one waits here, then finds the runner of the first.
take_start_lock() {
  [ -w "$state" ] || fail "cannot write to $state"
  # The file names the holder of the lock, so it is not truncated before the lock is taken.
  message=$(
    exec 2>&1
    umask 077 && : >>"$state/start_lock" && chmod 600 -- "$state/start_lock"
  ) || fail "$message"
  exec 8<>"$state/start_lock"
  if command -v flock >/dev/null 2>&1; then
    waited=0
    until try_lock; do
      [ "$waited" -lt "$lock_timeout" ] || refuse_lock
      sleep 0.1 2>/dev/null && waited=$((waited + 100)) || { sleep 1 && waited=$((waited + 1000)); } || refuse_lock
    done
  fi
  printf 'process %s on %s, started from %s\n' "$$" "$host_now" "$started_from" >"$state/start_lock"
}
# Returns 1 if another process holds the lock; any other failure ends the start.
try_lock() {
  message=$(flock -n 8 2>&1)
  status=$?
  [ "$status" -gt 1 ] || return "$status"
  fail "cannot lock $state/start_lock: ${message:-flock: exit status $status}"
}
# If the named process has ended, another process holds the lock.
refuse_lock() {
  holder=
  IFS= read -r holder 2>/dev/null <"$state/start_lock"
  case $holder in
    'process '*" on $host_now, started from "*)
      holder_pid=${holder#process }
      holder_pid=${holder_pid%% *}
      [ -d "/proc/$holder_pid" ] || [ ! -d "/proc/$$" ] ||
        holder="a process on another host, or a child of process $holder_pid, which has ended,"
      ;;
  esac
  fail "this worker is already being started: ${holder:-a process of an older torc} holds $state/start_lock; try\
 again when it has ended"
}

start() {
  message=$(mkdir -p -- "$out" 2>&1 && make_state 2>&1) || fail "$message"
  read_identity
  take_start_lock
  if find_running "$out"; then
    report_begin
    put already "$running"
    report_end
    return 0
  fi
  resolve "$out"
  [ -n "$resolved" ] || fail "cannot enter the output directory $out"
  out=$resolved
  read_owner "$out"
  [ -z "$owner" ] || fail "$out contains output of workflow $workflow of another server"
  [ -s "$marker" ] || printf '%s\n' "$server_id" 2>/dev/null >"$marker" || fail "cannot write to $out"
  log=$out/torc_worker_${workflow}_$key.log
  [ ! -s "$log" ] || message=$(mv -f -- "$log" "$log.old" 2>&1) || fail "cannot rename the previous log: $message"
  remember
  if [ -e "$state/ended" ] || [ -e "$state/stop_requested" ] || [ -e "$state/stay_down" ]; then
    message=$(rm -f -- "$state/ended" "$state/stop_requested" "$state/stay_down" 2>&1) ||
      fail "cannot delete the record of its previous end: $message"
  fi
  TORC_WORKER_STATE=$state
  export TORC_WORKER_ADDRESS TORC_WORKER_KEY TORC_WORKER_STATE
  # The words in run_words are quoted one by one; eval removes the quotes.
  eval "set -- $run_words"
  ready=$(launch "$torc" run "$workflow" --output-dir "$out" "$@")
  # A torc that does not report when it is ready counts as started if it still runs after a while.
  [ -n "$has_probe" ] || sleep "$settle"
  read_worker_file "$state/worker"
  if [ -z "$has_probe" ] && alive "$w_pid" "$w_ticks" "$w_boot"; then ready=ready; fi
  report_start
}

report_start() {
  report_begin
  if [ "$ready" = ready ]; then
    put started "$w_pid"
  else
    put died 1
    tail -n 10 -- "$log" 2>/dev/null | while IFS= read -r line || [ -n "$line" ]; do put log "$line"; done
  fi
  report_end
}
)sh";

constexpr std::string_view k_check_main = R"sh(
main() {
  set_places
  recall
  check
}
)sh";

constexpr std::string_view k_start_main = R"sh(
main() {
  set_places
  recall
  expand "$output_dir"
  out=$expanded
  place_certificate
  start
}
)sh";

constexpr std::string_view k_check_and_start_main = R"sh(
main() {
  set_places
  recall
  check
  printf '%s\n' '#torc-question'
  answer=
  IFS= read -r answer
  [ "$answer" = go ] || exit 0
  start
}
)sh";

/// How much of its time limit a waiting start keeps to report the start that it waits for.
constexpr std::chrono::milliseconds k_time_to_refuse{2'000};

/// How long a start waits for another start of the same worker.
std::chrono::milliseconds lock_timeout(const StartSettings& settings) {
  const std::chrono::milliseconds limit = settings.limit;
  return std::min(settings.lock_timeout, std::max(limit - k_time_to_refuse, limit / 4));
}

/// The variables for the runner and its jobs, as assignments for the shell.
std::string export_line(const std::vector<std::pair<std::string, std::string>>& environment) {
  Script script;
  for (const auto& [name, value] : environment) {
    script.set_exported(name, value);
  }
  return script.body();
}

/// Content of the file with the settings for a restart: assignments for the shell.
std::string to_remember(const StartSettings& settings, const WorkerStart& own) {
  Script script;
  script.set("remote_torc", own.torc)
      .set("output_dir", own.output_dir)
      .set("run_words", base::shell_join(own.later_options))
      .set("skip_version_check", settings.skip_version_check ? "1" : "");
  if (settings.ends_at) {
    const auto since_epoch = std::chrono::duration_cast<std::chrono::seconds>(settings.ends_at->time_since_epoch());
    script.set("not_after", std::to_string(since_epoch.count()));
  }
  if (!own.environment.empty()) {
    script.set_exported("TORC_RUNNER_ENVIRONMENT", export_line(own.environment));
  }
  return script.body();
}

Script prepare(const Worker& worker, const StartSettings& settings) {
  const WorkerStart own = settings.start_of(worker);
  Script script = worker_script(worker, settings.workflow, own.output_dir);
  script.set("remote_torc", own.torc)
      .set("limit", std::to_string(settings.limit.count()))
      // Two such calls must fit into the limit of the whole script.
      .set("probe_limit", std::to_string(probe_limit(settings).count()))
      .set("lock_timeout", std::to_string(lock_timeout(settings).count()))
      .set("started_from", proc::host_name())
      .set("settle", fmt::format("{:g}", std::chrono::duration<double>(settings.settle).count()))
      .set("run_words", base::shell_join(own.run_options))
      .set("skip_version_check", settings.skip_version_check ? "1" : "")
      .set("again", settings.again ? "1" : "")
      .set("not_after", "")
      .set("to_remember", settings.again ? "" : to_remember(settings, own))
      .set("ca_certificate", settings.ca_certificate)
      .set("TORC_WORKER_ADDRESS", worker.stored)
      .set("TORC_WORKER_KEY", worker.key);
  for (const auto& [name, value] : settings.environment) {
    script.set_exported(name, value);
  }
  if (!own.server_url.empty()) {
    script.set_exported("TORC_API_URL", own.server_url);
  }
  if (!own.environment.empty()) {
    script.set_exported("TORC_RUNNER_ENVIRONMENT", export_line(own.environment));
  }
  script.add(torc_functions());
  return script;
}

}  // namespace

std::chrono::seconds probe_limit(const StartSettings& settings) {
  return std::max(std::chrono::seconds(1), settings.limit / 3);
}

std::string check_script(const Worker& worker, const StartSettings& settings) {
  return prepare(worker, settings).add(k_check_functions).add(k_check_main).text();
}

std::string start_script(const Worker& worker, const StartSettings& settings, const Check& check) {
  return prepare(worker, settings)
      .set("torc", check.torc)
      .set("has_probe", check.has_probe ? "1" : "")
      .add(k_check_functions)
      .add(k_start_functions)
      .add(k_start_main)
      .text();
}

std::string check_and_start_script(const Worker& worker, const StartSettings& settings) {
  return prepare(worker, settings).add(k_check_functions).add(k_start_functions).add(k_check_and_start_main).text();
}

}  // namespace torc::remote
