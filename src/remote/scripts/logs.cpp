#include "remote/scripts/scripts.hpp"
#include "torc/model/job_output.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_safety_functions = R"sh(
# Sets `out` to the real path of the output directory, or reports that it does not exist.
enter_output_dir() {
  choose_output_dir
  resolve "$out"
  if [ -z "$resolved" ]; then
    [ ! -e "$out" ] || fail "$out is not an accessible directory"
    report_begin
    put missing "$out"
    report_end
    exit 0
  fi
  given=$out
  out=$resolved
}

# Refuses directories that must never be deleted as an output directory.
refuse_precious() {
  resolve "$HOME"
  [ -n "$resolved" ] || fail "refused to delete $out: it cannot be compared with the home directory"
  case $output_dir in */.. | ../* | */../* | ..) fail "refused to delete $output_dir: the path contains '..'" ;; esac
  case $out in
    / | /*/*) ;;
    *) fail "refused to delete $out: a top-level directory" ;;
  esac
  [ "$out" != / ] || fail "refused to delete /"
  case $resolved/ in "$out"/*) fail "refused to delete $out: it contains the home directory" ;; esac
  [ -r "$out" ] || fail "refused to delete $out: it cannot be read"
  is_empty=1
  for entry in "$out"/* "$out"/.[!.]* "$out"/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then is_empty=; break; fi
  done
  [ -z "$is_empty" ] || return 0
  set -- "$out/$stdio_directory" "$out"/.torc_server_* "$out"/torc_worker_* "$out"/job_runner_*
  for mark; do [ ! -e "$mark" ] || return 0; done
  fail "refused to delete $out: it does not contain any files of torc"
}

# Refuses if a runner of any workflow uses the directory, one below it or one above it, or if that cannot be determined.
refuse_running() {
  refuse_hidden_places
  for file in "$state_root"/*/*/*/worker; do
    [ ! -e "$file" ] || refuse_worker
  done
  for file in "$out"/torc_worker_*.pid; do
    [ ! -f "$file" ] || refuse_legacy_worker
  done
}
refuse_hidden_places() {
  [ -r "/proc/$$/stat" ] || fail "cannot determine whether a runner uses the directory: /proc cannot be read"
  for place in "$state_root" "$state_root"/* "$state_root"/*/* "$state_root"/*/*/*; do
    [ ! -d "$place" ] || { [ -r "$place" ] && [ -x "$place" ]; } ||
      fail "cannot determine whether a runner uses the directory: $place cannot be read"
  done
}
refuse_worker() {
  read_concerned_worker || return 0
  if alive "$w_pid" "$w_ticks" "$w_boot"; then
    fail "a runner uses the directory (PID $w_pid); stop the runner first"
  fi
  if alive "$guardian_pid" "$guardian_ticks" "$w_boot"; then
    fail "jobs of an ended runner still use the directory (guardian with PID $guardian_pid); wait until they have ended"
  fi
  refuse_unseen_worker
}
# Reads a worker file. Returns 1 if that worker does not use the directory.
read_concerned_worker() {
  read_worker_file "$file" ||
    fail "cannot determine whether a runner uses the directory: $file cannot be read; delete that\
 file if its runner has ended"
  concerns_output_dir
}
refuse_unseen_worker() {
  [ -s "${file%/*}/ended" ] || can_see_worker ||
    fail "a runner on ${w_host:-an unknown host} (PID $w_pid) may still use the directory; stop the\
 runner first, or delete $file if it has ended"
}
# Refuses if there may be a runner that is not visible from here, because the files that its jobs have open are not
# visible either.
refuse_unseen_workers() {
  refuse_hidden_places
  for file in "$state_root"/*/*/*/worker; do
    [ -e "$file" ] || continue
    ! read_concerned_worker || refuse_unseen_worker
  done
}
concerns_output_dir() {
  [ -n "$w_out" ] || return 0
  case $w_out/ in "$out"/*) return 0 ;; esac
  case $out/ in "$w_out"/*) return 0 ;; esac
  [ "$w_out" -ef "$out" ]
}
refuse_legacy_worker() {
  number=${file##*/torc_worker_}
  [ -r "$file" ] || fail "cannot determine whether a runner uses the directory: $file cannot be read"
  if legacy_alive "$file" "${number%.pid}"; then
    fail "a runner uses the directory (PID $legacy_pid); stop the runner first"
  fi
  case $legacy_pid in '' | *[!0-9]*) return 0 ;; esac
  [ -d "/proc/$legacy_pid" ] || return 0
  [ -r "/proc/$legacy_pid/cmdline" ] && [ "$(printf 'a\0b' | tr '\0' ' ' 2>/dev/null)" = 'a b' ] ||
    fail "cannot determine whether process $legacy_pid is a runner (no tr, or /proc is hidden); delete $file\
 if it is not"
}

# Records the end of a runner that died without recording it, since other hosts with this home directory cannot see that
# it has ended.
record_own_end() {
  read_worker_file "$state/worker" || return 0
  [ ! -s "$state/ended" ] && can_see_worker || return 0
  alive "$w_pid" "$w_ticks" "$w_boot" && return 0
  # Its jobs may still run and write.
  alive "$guardian_pid" "$guardian_ticks" "$w_boot" && return 0
  (umask 077 && printf 'reason=died\nexit=1\ntime=%s\ngiven_back=0\n' "$now" >"$state/ended") 2>/dev/null
}

remove_output_dir() {
  # Another worker with the same home directory may delete it at the same time.
  message=$(rm -rf -- "$out" 2>&1) || [ ! -e "$out" ] || fail "cannot delete all of $out: ${message##*"$newline"}"
  [ ! -e "$out" ] || fail "cannot delete $out, although rm reported success"
  [ ! -L "$given" ] || rm -f -- "$given"
}

# Writes a line for each file and directory to the file $1: "MODE SIZE INODE CHANGED ./NAME", where CHANGED is the time
# of the last change of the inode. Equal lines mean that nothing has changed; times of different clocks are not
# compared. Fails if the list is incomplete.
list_files() {
  (cd -- "$out" && LC_ALL=C TZ=UTC find . -exec stat -c '%f %s %i %Z %z %n' {} +) >"$1" 2>/dev/null || return 1
  IFS= read -r line 2>/dev/null <"$1"
  case $line in *' .') ;; *) return 1 ;; esac
}

# Whether two lists are the same; false if they cannot be read.
same_lists() {
  first_list=$(cat "$1" 2>/dev/null) && second_list=$(cat "$2" 2>/dev/null) && [ -n "$first_list" ] &&
    [ "$first_list" = "$second_list" ]
}

# Writes the lines that both lists contain to the file $3.
common_lines() {
  LC_ALL=C sort "$1" "$2" >"$3.sorted" 2>/dev/null && LC_ALL=C uniq -d "$3.sorted" >"$3" 2>/dev/null
}

newline='
'
)sh";

constexpr std::string_view k_progress_functions = R"sh(
# Progress of the whole script: a number that only increases. The connection is closed if there is no progress.
progress=0
advance() {
  progress=$((progress + 1))
  report_advance "$progress"
}
report_advance() { printf '#torc-progress %s\n' "$1" 2>/dev/null; }

# Runs the command after $1 as a separate process, and reports progress while its output file $1 grows or, if $1 is "",
# while it reads the archive from its standard input. Its end counts as progress as well.
run_step() {
  grows=$1
  shift
  "$@" &
  step=$!
  report_step &
  reporter=$!
  wait "$step"
  step_status=$?
  kill "$reporter" 2>/dev/null
  # The position in its input is not visible any more; it has read the whole archive.
  grows=${grows:-$archive}
  measure
  progress=$((progress + measured))
  advance || exit 1
  return "$step_status"
}

# Ends the step if the connection is closed, so that the report cannot be written.
report_step() {
  before=0
  trap '' PIPE
  while sleep 2 >/dev/null 2>&1 </dev/null && kill -0 "$step" 2>/dev/null; do
    measure
    [ "$measured" -gt "$before" ] || continue
    before=$measured
    report_advance $((progress + measured)) || { kill "$step" 2>/dev/null; return; }
  done
}

# Sets `measured` to the number of bytes that the step has written or read.
measure() {
  measured=
  if [ -n "$grows" ]; then
    measured=$(wc -c <"$grows")
  else
    read -r _ measured <"/proc/$step/fdinfo/0"
  fi 2>/dev/null
  measured=${measured##* }
  case $measured in '' | *[!0-9]*) measured=0 ;; esac
}
)sh";

constexpr std::string_view k_pack_functions = R"sh(
discard() { [ -z "$packed_in" ] || rm -rf -- "$packed_in"; }

# Whether tar only reported files that changed while they were read, because running jobs write to them.
only_changes() {
  [ -s "$packed_in/errors" ] || return 1
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
    fail "cannot create a temporary directory: $message"
  }
  case $packed_in in
    "$place"/torc_logs_*) [ -d "$packed_in" ] ;;
    *) false ;;
  esac || {
    message=$packed_in
    packed_in=
    fail "cannot create a temporary directory: unexpected output of mktemp: '$message'"
  }
  trap discard EXIT
  trap 'exit 1' HUP INT TERM PIPE
  complete= unlisted=
  if run_step "$packed_in/before" list_files "$packed_in/before"; then complete=1; fi
  archive=$packed_in/torc_logs_${workflow}_$key.tar.gz
  run_step "$archive" make_archive
  status=$?
  changed=
  if [ "$status" = 1 ] && only_changes; then
    changed=1
  elif [ "$status" != 0 ]; then
    fail_packing
  fi
  run_step '' sum_archive
  status=$?
  sum=
  while IFS= read -r line || [ -n "$line" ]; do sum=$line; done 2>/dev/null <"$packed_in/sum"
  [ "$status" = 0 ] || fail "cannot compute the checksum of the archive: $sum"
  find_unchanged
  # Only for the order of deletions; without `ls`, workers with equal paths are assumed to share the directory.
  inode=$(ls -di -- "$out" 2>/dev/null) || inode=0
  set -- $sum ${inode:-0}
  report_begin
  put packed_in "$packed_in"
  put archive "$archive"
  put checksum "$1"
  put size "$2"
  put inode "$3"
  put changed "$changed"
  put directory "$out"
  report_unchanged
  report_end
}
# Both functions use exec, so that a signal to the process ends the program.
make_archive() {
  LC_ALL=C
  export LC_ALL
  exec tar -czf "$archive" -C "$out" . 2>"$packed_in/errors" </dev/null
}
sum_archive() { exec cksum <"$archive" >"$packed_in/sum" 2>&1; }

# Writes the lines of the files and directories that did not change during the packing to `unchanged`.
find_unchanged() {
  run_step "$packed_in/after" list_files "$packed_in/after"
  if same_lists "$packed_in/before" "$packed_in/after"; then
    mv -f -- "$packed_in/after" "$packed_in/unchanged"
  else
    common_lines "$packed_in/before" "$packed_in/after" "$packed_in/unchanged"
  fi || complete= unlisted=1
}
# Reports the files that the archive must contain: a line "file=SIZE ./NAME" for each unchanged file. Keeps `unchanged`
# for the deletion, and `before` if the list was complete; otherwise empties them, so that nothing is deleted.
report_unchanged() {
  LC_ALL=C sed -n 's|^8[0-9a-f]* \([0-9]*\) [^/]* \./|file=\1 ./|p' "$packed_in/unchanged" 2>/dev/null ||
    complete= unlisted=1
  [ -z "$unlisted" ] || : >"$packed_in/unchanged"
  [ -n "$complete" ] || : >"$packed_in/before"
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
  # If the file system is full, there may have been no space for tar's message either.
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
  record_own_end
  enter_output_dir
  pack
  printf '%s\n' '#torc-question'
  # Any answer, or the end of the connection, means that the archive is not needed any more.
  IFS= read -r answer
}
)sh";

constexpr std::string_view k_pack_and_keep_main = R"sh(
main() {
  set_places
  record_own_end
  enter_output_dir
  pack
  trap - EXIT
}
)sh";

constexpr std::string_view k_discard_main = R"sh(
discard_packed() {
  case $packed_in in
    */../* | */..) ;;
    /*/torc_logs_*) [ ! -d "$packed_in" ] || rm -rf -- "$packed_in" ;;
  esac
}
)sh";

constexpr std::string_view k_delete_packed_main = R"sh(
# Lists the directory again; not in a subshell, because it updates `progress`.
list_now() {
  listed=
  if run_step "$packed_in/now" list_files "$packed_in/now"; then listed=1; fi
}

# Refuses unless the directory is certain to be as it was when it was packed. Unlisted files count as changed.
refuse_changes() {
  [ -s "$packed_in/before" ] && [ -s "$packed_in/unchanged" ] && [ -n "$listed" ] ||
    fail "cannot determine whether files changed since the archive was made: $no_list"
  same_lists "$packed_in/before" "$packed_in/now" && return 0
  find_difference
  [ -z "$difference" ] || fail "$difference changed since the archive was made"
  fail "cannot determine whether files changed since the archive was made: $no_list"
}
no_list='the list of files is incomplete (a file cannot be read, or find, stat, cat, sed, sort or uniq does not work)'

# Sets `difference` to the first file whose line in the list has changed.
find_difference() {
  difference=
  while IFS= read -r line; do
    before=
    IFS= read -r before <&6
    [ "$line" != "$before" ] || continue
    difference=$out
    case $line in *' ./'*) difference=$out/${line#* ./} ;; esac
    return 0
  done 6<"$packed_in/before" <"$packed_in/now"
}

# Whether there may be files that the archive does not contain, or that are about to be written.
is_in_use() {
  (refuse_running >/dev/null 2>&1) || return 0
  list_now
  (refuse_changes >/dev/null 2>&1) || return 0
  return 1
}

# Sets `open_files` to the files below the directory that a process has open, one per line after an empty line. This
# shell opens a file itself; if that one is listed, open files are visible.
find_open_files() {
  resolve "$packed_in"
  exec 7<"$packed_in/unchanged"
  LC_ALL=C QUOTING_STYLE=literal ls -l /proc/[0-9]*/fd >"$packed_in/open" 2>/dev/null
  exec 7<&-
  open_files=$newline
  seen=
  while IFS= read -r line; do
    case $line in
      *" -> $resolved/unchanged") seen=1 ;;
      *" -> $out/"*) open_files=$open_files$out/${line#*" -> $out/"}$newline ;;
    esac
  done <"$packed_in/open"
  [ -n "$seen" ] || fail "cannot determine which files are open: ls does not work, or /proc cannot be read"
}

# Deletes the files that the archive certainly contains: those that did not change since the packing began, and that no
# process has open. Directories are kept, because jobs may be about to write into them. The open files of a runner are
# not visible, so the files that runners write are kept as well, and so is the mark with the server's ID. Open files on
# another host are not visible, so nothing is deleted if a runner there may use the directory.
remove_packed_files() {
  refuse_unseen_workers
  [ -s "$packed_in/unchanged" ] || fail "cannot determine which files the archive contains: $no_list"
  find_open_files
  list_now
  common_lines "$packed_in/unchanged" "$packed_in/now" "$packed_in/still" ||
    fail "cannot determine which files the archive contains: $no_list"
  while IFS= read -r line; do
    # The MODE of a regular file begins with 8.
    case $line in 8*' ./'*) ;; *) continue ;; esac
    file=$out/${line#* ./}
    # `ls` may show control characters as '?'.
    case $file in *[[:cntrl:]]*) continue ;; esac
    case ${file##*/} in
      job_runner_* | torc_worker_* | .torc_server_* | resource_metrics_* | undelivered_results_* | action_wf*) continue ;;
    esac
    case $open_files in *"$newline$file$newline"*) ;; *) rm -f -- "$file" ;; esac
    progress=$((progress + 1))
    case $progress in *0) report_advance "$progress" || exit 1 ;; esac
  done <"$packed_in/still"
}

main() {
  trap discard_packed EXIT
  trap 'exit 1' HUP INT TERM PIPE
  set_places
  enter_output_dir
  refuse_precious
  [ -d "$packed_in" ] || fail "its archive does not exist any more"
  kept=
  if [ -z "$force" ]; then
    refuse_running
    list_now
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
  record_own_end
  enter_output_dir
  refuse_precious
  refuse_running
  remove_output_dir
  report_begin
  put removed "$out"
  report_end
}
)sh";

/// A script with the checks that precede a deletion.
Script safe_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  Script script = worker_script(worker, workflow, output_dir);
  script.set("stdio_directory", model::k_stdio_directory).add(k_safety_functions);
  return script;
}

}  // namespace

std::string pack_script(const Worker& worker, const CollectSettings& settings, AfterPacking after) {
  return safe_script(worker, settings.workflow, settings.output_dir)
      .add(k_progress_functions)
      .add(k_pack_functions)
      .add(after == AfterPacking::ask ? k_pack_and_ask_main : k_pack_and_keep_main)
      .text();
}

std::string discard_script(const std::string& packed_in) {
  return Script().set("packed_in", packed_in).add(k_discard_main).add("main() { discard_packed; }\n").text();
}

std::string delete_packed_script(const Worker& worker, const CollectSettings& settings, const std::string& packed_in) {
  return safe_script(worker, settings.workflow, settings.output_dir)
      .set("packed_in", packed_in)
      .set("force", settings.force ? "1" : "")
      .add(k_progress_functions)
      .add(k_discard_main)
      .add(k_delete_packed_main)
      .text();
}

std::string delete_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  return safe_script(worker, workflow, output_dir).add(k_delete_main).text();
}

}  // namespace torc::remote
