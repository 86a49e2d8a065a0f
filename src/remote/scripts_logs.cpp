#include "remote/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_safety_functions = R"sh(
# Sets `out` to the real path of the output directory, or reports that there is none.
enter_output_dir() {
  choose_output_dir
  resolve "$out"
  if [ -z "$resolved" ]; then
    [ ! -e "$out" ] || fail "$out is no directory that can be entered"
    report_begin
    put missing "$out"
    report_end
    exit 0
  fi
  given=$out
  out=$resolved
}

# What nobody means when they delete the output directory.
refuse_precious() {
  resolve "$HOME"
  case $output_dir in */.. | ../* | */../* | ..) fail "refused to delete $output_dir: '..' stands in it" ;; esac
  case $out in
    / | /*/*) ;;
    *) fail "refused to delete $out: a top-level directory" ;;
  esac
  [ "$out" != / ] || fail "refused to delete /"
  case $resolved/ in "$out"/*) fail "refused to delete $out: the home directory lies in it" ;; esac
  [ -n "$(ls -A -- "$out" 2>/dev/null)" ] || return 0
  set -- "$out"/job_stdio "$out"/.torc_server_* "$out"/torc_worker_* "$out"/job_runner_*
  for mark; do [ ! -e "$mark" ] || return 0; done
  fail "refused to delete $out: nothing in it comes from torc"
}

# Refuses while a worker, of whatever workflow, runs in the directory. On a home shared with other hosts, one that ran
# on another host and did not say that it ended may run still.
refuse_running() {
  read_boot_id
  this_host=
  IFS= read -r this_host 2>/dev/null </proc/sys/kernel/hostname
  for file in "$state_root"/*/*/*/worker; do
    read_worker_file "$file" || continue
    [ "$w_out" = "$out" ] || continue
    if alive "$w_pid" "$w_ticks" "$w_boot"; then
      fail "a worker runs there (PID $w_pid); stop it first"
    fi
    if [ "$w_boot" != "$boot_now" ] && [ "$w_host" != "$this_host" ] && [ ! -f "${file%/*}/ended" ]; then
      fail "a worker may still run there on $w_host (PID $w_pid); stop it first"
    fi
  done
  for file in "$out"/torc_worker_*.pid; do
    number=${file##*/torc_worker_}
    if [ -f "$file" ] && legacy_alive "$file" "${number%.pid}"; then
      fail "a worker runs there (PID $legacy_pid); stop it first"
    fi
  done
}

# A worker that died without a word is noted as ended: other hosts with this home cannot see that it is gone.
note_own_end() {
  read_worker_file "$state/worker" || return 0
  [ ! -f "$state/ended" ] || return 0
  alive "$w_pid" "$w_ticks" "$w_boot" && return 0
  printf 'reason=died\nexit=1\ntime=%s\ngiven_back=0\n' "$now" 2>/dev/null >"$state/ended"
}

remove_output_dir() {
  # Another worker with the same home may be faster.
  message=$(rm -rf -- "$out" 2>&1) || [ ! -e "$out" ] || fail "cannot delete all of $out: ${message##*"$newline"}"
  [ ! -L "$given" ] || rm -f -- "$given"
}

newline='
'
)sh";

constexpr std::string_view k_pack_functions = R"sh(
discard() { [ -z "$packed_in" ] || rm -rf -- "$packed_in"; }

# Says now and then how large the archive is, as long as it grows: what makes no progress is ended from outside. When
# nobody listens any more, the archive is for nobody.
report_progress() {
  before=
  trap '' PIPE
  while sleep 5 >/dev/null 2>&1 </dev/null && kill -0 "$1" 2>/dev/null; do
    size=$(wc -c <"$archive")
    if [ "$size" != "$before" ] && ! printf '#torc-progress %s\n' "$size" 2>/dev/null; then
      kill "$1" 2>/dev/null
      return
    fi
    before=$size
  done
}

# Files that running jobs write to may change while they are read; anything else is a failure.
only_changes() {
  while IFS= read -r line; do
    case $line in
      *': file changed as we read it' | *': File removed before we read it' | *': file shrank by '*) ;;
      *) return 1 ;;
    esac
  done <"$packed_in/errors"
}

pack() {
  place=/tmp
  case $TMPDIR in '' | *[!A-Za-z0-9_./-]*) ;; /*) place=$TMPDIR ;; esac
  umask 077
  packed_in=$(mktemp -d "$place/torc_logs_XXXXXX" 2>&1) || {
    message=$packed_in
    packed_in=
    fail "no temporary directory: $message"
  }
  trap discard EXIT
  trap 'exit 1' HUP INT TERM PIPE
  : >"$packed_in/before"
  archive=$packed_in/torc_logs_${workflow}_$key.tar.gz
  LC_ALL=C tar -czf "$archive" -C "$out" . 2>"$packed_in/errors" </dev/null &
  packer=$!
  report_progress "$packer" &
  reporter=$!
  wait "$packer"
  status=$?
  kill "$reporter" 2>/dev/null
  changed=
  if [ "$status" = 1 ] && only_changes; then
    changed=1
  elif [ "$status" != 0 ]; then
    fail_packing
  fi
  set -- $(cksum <"$archive") $(ls -di -- "$out")
  report_begin
  put packed_in "$packed_in"
  put archive "$archive"
  put checksum "$1"
  put size "$2"
  put inode "$3"
  put changed "$changed"
  put directory "$out"
  list_unchanged
  report_end
}

# What must be in the archive as it is here: a line "file=SIZE ./NAME" for each file that did not change since the packing
# began.
list_unchanged() {
  (cd "$out" && find . -type f ! -newer "$packed_in/before" -exec stat -c 'file=%s %n' {} + 2>/dev/null)
}

fail_packing() {
  reason="tar: exit status $status"
  while IFS= read -r line; do
    case $line in
      *'No space left'*) reason="no space left on $place"; break ;;
      *'Exiting with failure status'* | *'Error is not recoverable'* | *'Child returned status'*) ;;
      ?*) reason=$line ;;
    esac
  done <"$packed_in/errors"
  # Where the place is full, what tar said of it may not have found room either.
  if [ ! -s "$packed_in/errors" ] && ! head -c 65536 /dev/zero 2>/dev/null >"$packed_in/room"; then
    reason="no space left on $place"
  fi
  report_begin
  put incomplete "$reason"
  report_end
  exit 1
}
)sh";

constexpr std::string_view k_pack_and_ask_main = R"sh(
main() {
  set_places
  note_own_end
  enter_output_dir
  pack
  printf '%s\n' '#torc-question'
  # Whatever comes, if only the end of the connection: the archive is needed no more.
  IFS= read -r answer
}
)sh";

constexpr std::string_view k_pack_and_keep_main = R"sh(
main() {
  set_places
  note_own_end
  enter_output_dir
  pack
  trap - EXIT
}
)sh";

constexpr std::string_view k_discard_main = R"sh(
discard_packed() {
  case $packed_in in
    /*/torc_logs_*) [ ! -d "$packed_in" ] || rm -rf -- "$packed_in" ;;
  esac
}
)sh";

constexpr std::string_view k_delete_packed_main = R"sh(
refuse_changes() {
  refuse_running
  newer=$(find "$out" -newer "$packed_in/before" 2>/dev/null | head -n 1)
  [ -z "$newer" ] || fail "$newer changed since the archive was made"
}

# Whether something is there that the archive may not hold, or that somebody is about to write.
is_in_use() {
  (refuse_changes >/dev/null 2>&1) && return 1
  return 0
}

# Deletes what the archive holds for certain: files that did not change since the packing began, and that no process has
# open. Directories stay, as jobs may be about to write into them. A runner does not let others see what it has open, so
# the files that runners write stay as well.
remove_packed_files() {
  ls -l /proc/[0-9]*/fd 2>/dev/null | grep -F -e "-> $out/" | sed 's/^.* -> //' >"$packed_in/open"
  find "$out" -type f ! -newer "$packed_in/before" ! -name 'job_runner_*' ! -name 'torc_worker_*' \
    ! -name 'resource_metrics_*' ! -name 'undelivered_results_*' | while IFS= read -r file; do
    grep -qxF -e "$file" "$packed_in/open" || rm -f -- "$file"
  done
}

main() {
  trap discard_packed EXIT
  set_places
  enter_output_dir
  refuse_precious
  [ -f "$packed_in/before" ] || fail "its archive is gone"
  kept=
  if [ -z "$force" ]; then
    refuse_changes
    remove_output_dir
  elif is_in_use; then
    remove_packed_files
    kept=1
  else
    remove_output_dir
  fi
  report_begin
  put removed "$out"
  put kept "$kept"
  report_end
}
)sh";

constexpr std::string_view k_delete_main = R"sh(
main() {
  set_places
  note_own_end
  enter_output_dir
  refuse_precious
  refuse_running
  remove_output_dir
  report_begin
  put removed "$out"
  report_end
}
)sh";

}  // namespace

std::string pack_script(const Worker& worker, const CollectSettings& settings, AfterPacking after) {
  return worker_script(worker, settings.workflow, settings.output_dir)
      .add(k_safety_functions)
      .add(k_pack_functions)
      .add(after == AfterPacking::ask ? k_pack_and_ask_main : k_pack_and_keep_main)
      .text();
}

std::string discard_script(const std::string& packed_in) {
  return Script().set("packed_in", packed_in).add(k_discard_main).add("main() { discard_packed; }\n").text();
}

std::string delete_packed_script(const Worker& worker, const CollectSettings& settings, const std::string& packed_in) {
  return worker_script(worker, settings.workflow, settings.output_dir)
      .set("packed_in", packed_in)
      .set("force", settings.force ? "1" : "")
      .add(k_safety_functions)
      .add(k_discard_main)
      .add(k_delete_packed_main)
      .text();
}

std::string delete_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  return worker_script(worker, workflow, output_dir).add(k_safety_functions).add(k_delete_main).text();
}

}  // namespace torc::remote
