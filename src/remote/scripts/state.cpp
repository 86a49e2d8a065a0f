#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_find_function = R"sh(
# Finds the worker's runner: sets `found` (state, legacy or ""), `running` (1 or ""), `w_pid` and `w_log`.
find_worker() {
  found= running=
  place=$output_dir
  if read_worker_file "$state/worker"; then
    found=state
    if [ -n "$output_dir" ]; then
      expand "$output_dir"
      resolve "$expanded"
      [ "$w_out" = "$resolved" ] || found=
    else
      place=$w_out
    fi
  fi
  if [ -n "$found" ] && alive "$w_pid" "$w_ticks" "$w_boot"; then
    running=1
    return 0
  fi
  # A runner that torc 0.23 started later in the same directory may run.
  expand "${place:-torc_output}"
  legacy=$expanded/torc_worker_$workflow.pid
  [ -f "$legacy" ] || return 0
  if legacy_alive "$legacy" "$workflow"; then
    running=1
  elif [ -n "$found" ]; then
    return 0
  fi
  found=legacy
  w_log=$expanded/torc_worker_$workflow.log
  w_pid=$legacy_pid
}
)sh";

constexpr std::string_view k_end_function = R"sh(
# Reports what the runner recorded about its end.
put_recorded_end() {
  [ -f "$state/ended" ] || return 0
  while IFS= read -r line; do put "ended_${line%%=*}" "${line#*=}"; done <"$state/ended"
}
)sh";

constexpr std::string_view k_status_main = R"sh(
# Reports how the runner ended and who stopped it, if recorded, and the end of its log.
put_end() {
  [ "$found" != state ] || put_recorded_end
  if [ "$found" = state ] && [ -f "$state/stop_requested" ]; then
    IFS= read -r line <"$state/stop_requested"
    put stop_requested "$line"
  fi
  [ -f "$w_log" ] || return 0
  tail -n 5 -- "$w_log" 2>/dev/null | while IFS= read -r line || [ -n "$line" ]; do
    [ -z "$line" ] || put log "$line"
  done
}

main() {
  set_places
  find_worker
  report_begin
  put found "$found"
  put pid "$w_pid"
  put running "$running"
  load=
  IFS=' ' read -r load rest 2>/dev/null </proc/loadavg
  put load "$load"
  [ -z "$found" ] || [ -n "$running" ] || put_end
  if [ "$found" = state ] && [ -z "$running" ] && alive "$guardian_pid" "$guardian_ticks" "$w_boot"; then put ending 1; fi
  report_end
}
)sh";

constexpr std::string_view k_stop_functions = R"sh(
# Kills a process and all its descendants. Each process is stopped before its children are searched, so that none
# escapes.
kill_tree() {
  known=" $1 "
  kill -s STOP "$1" 2>/dev/null
  more=1
  while [ -n "$more" ]; do
    more=
    for directory in /proc/[0-9]*; do
      line=
      IFS= read -r line 2>/dev/null <"$directory/stat" || continue
      line=${line##*) ? }
      case $known in *" ${line%% *} "*) ;; *) continue ;; esac
      case $known in *" ${directory#/proc/} "*) continue ;; esac
      known="$known${directory#/proc/} "
      kill -s STOP "${directory#/proc/}" 2>/dev/null
      more=1
    done
  done
  kill -s KILL $known 2>/dev/null
}

signal_worker() {
  if [ "$signal" = USR1 ]; then
    # The signal would end a runner of torc 0.23 at once.
    [ "$found" = state ] || fail "the runner of torc 0.23 (PID $w_pid) cannot drain"
    printf '' 2>/dev/null >"$state/stay_down"
    kill -s USR1 "$w_pid" 2>/dev/null || fail "cannot signal process $w_pid"
    return 0
  fi
  if [ "$found" = state ]; then
    printf '%s\n' "$requested_by" 2>/dev/null >"$state/stop_requested"
  fi
  if [ "$signal" = KILL ]; then
    kill_tree "$w_pid"
    # Only if the runner has ended: a recorded end allows others to delete its output.
    if [ "$found" = state ] && is_gone_soon; then
      (umask 077 && printf 'reason=stopped\nexit=137\ntime=%s\ngiven_back=0\n' "$now" >"$state/ended") 2>/dev/null
    fi
  else
    kill -s TERM "$w_pid" 2>/dev/null || fail "cannot signal process $w_pid"
  fi
}

is_gone_soon() {
  for try in 0 0.05 0.1 0.3 1 1 1; do
    sleep "$try" 2>/dev/null
    alive "$w_pid" "$w_ticks" "$w_boot" || return 0
  done
  return 1
}

signal_and_report() {
  set_places
  find_worker
  if [ -n "$running" ]; then
    signal_worker
  elif [ "$found" = state ]; then
    # Prevents `remote watch` from restarting a runner that died earlier.
    printf '' 2>/dev/null >"$state/stay_down"
  fi
  report_begin
  put found "$found"
  [ -z "$running" ] || put signaled "$w_pid"
  report_end
}

# Waits until the runner has ended, and prints a progress mark every few seconds.
wait_for_end() {
  waited=0
  while still_there && [ "$waited" -lt "$timeout" ]; do
    sleep 0.2 2>/dev/null || sleep 1
    waited=$((waited + 200))
    [ $((waited % 5000)) -ne 0 ] || echo "#torc-progress $waited"
  done
  report_begin
  still_there || put gone 1
  [ "$found" != state ] || put_recorded_end
  report_end
}
still_there() {
  if [ "$found" = state ]; then
    alive "$w_pid" "$w_ticks" "$w_boot"
  else
    legacy_alive "$legacy" "$workflow"
  fi
}
)sh";

constexpr std::string_view k_stop_main = R"sh(
main() { signal_and_report; }
)sh";

// Finds the runner again; its worker file remains after it has ended.
constexpr std::string_view k_wait_main = R"sh(
main() {
  set_places
  find_worker
  wait_for_end
}
)sh";

constexpr std::string_view k_stop_and_wait_main = R"sh(
main() {
  signal_and_report
  printf '%s\n' '#torc-question'
  answer=
  IFS= read -r answer
  [ "$answer" != go ] || wait_for_end
}
)sh";

Script stop_base(const Worker& worker, const StopRequest& request) {
  // kill(1) takes signal names without "SIG".
  Script script = worker_script(worker, request.workflow, request.output_dir);
  script.set("signal", signal_name(request.mode) + 3)
      .set("requested_by", request.requested_by)
      .set("timeout", std::to_string(request.timeout.count() * 1000))
      .add(k_find_function)
      .add(k_end_function)
      .add(k_stop_functions);
  return script;
}

}  // namespace

std::string status_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  return worker_script(worker, workflow, output_dir).add(k_find_function).add(k_end_function).add(k_status_main).text();
}

std::string stop_script(const Worker& worker, const StopRequest& request) {
  return stop_base(worker, request).add(k_stop_main).text();
}

std::string wait_script(const Worker& worker, const StopRequest& request) {
  return stop_base(worker, request).add(k_wait_main).text();
}

std::string stop_and_wait_script(const Worker& worker, const StopRequest& request) {
  return stop_base(worker, request).add(k_stop_and_wait_main).text();
}

}  // namespace torc::remote
