#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_safety_functions = R"sh(
# Sets `out` to the real path of the output directory, or reports that there is none.
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

# Directories that must never be deleted as an output directory.
refuse_precious() {
  resolve "$HOME"
  [ -n "$resolved" ] || fail "refused to delete $out: it cannot be compared with the home directory"
  case $output_dir in */.. | ../* | */../* | ..) fail "refused to delete $output_dir: the path contains '..'" ;; esac
  case $out in
    / | /*/*) ;;
    *) fail "refused to delete $out: a top-level directory" ;;
  esac
  [ "$out" != / ] || fail "refused to delete /"
  case $resolved/ in "$out"/*) fail "refused to delete $out: the home directory lies in it" ;; esac
  [ -r "$out" ] || fail "refused to delete $out: it cannot be read"
  is_empty=1
  for entry in "$out"/* "$out"/.[!.]* "$out"/..?*; do
    if [ -e "$entry" ] || [ -L "$entry" ]; then is_empty=; break; fi
  done
  [ -z "$is_empty" ] || return 0
  set -- "$out"/job_stdio "$out"/.torc_server_* "$out"/torc_worker_* "$out"/job_runner_*
  for mark; do [ ! -e "$mark" ] || return 0; done
  fail "refused to delete $out: nothing in it comes from torc"
}

# Refuses if a worker, of any workflow, runs in the directory, in one below it or in one above it, and if that cannot be
# told.
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
  [ -r "/proc/$$/stat" ] || fail "cannot tell whether a worker runs there: /proc cannot be read"
  for place in "$state_root" "$state_root"/* "$state_root"/*/* "$state_root"/*/*/*; do
    [ ! -d "$place" ] || { [ -r "$place" ] && [ -x "$place" ]; } ||
      fail "cannot tell whether a worker runs there: $place cannot be read"
  done
}
refuse_worker() {
  read_concerned_worker || return 0
  if alive "$w_pid" "$w_ticks" "$w_boot"; then
    fail "a worker runs there (PID $w_pid); stop it first"
  fi
  if alive "$guardian_pid" "$guardian_ticks" "$w_boot"; then
    fail "the jobs of a worker still run there (guardian with PID $guardian_pid); wait until they have ended"
  fi
  refuse_unseen_worker
}
# Reads a worker's file. Returns 1 if that worker has nothing to do with the directory.
read_concerned_worker() {
  read_worker_file "$file" ||
    fail "cannot tell whether a worker runs there: $file cannot be read; delete that file if its worker does not run"
  concerns_output_dir
}
refuse_unseen_worker() {
  [ -s "${file%/*}/ended" ] || can_see_worker ||
    fail "a worker may still run there on ${w_host:-an unknown host} (PID $w_pid); stop it first, or delete $file if it\
 does not run any more"
}
# Refuses if a worker may run that cannot be seen from here: neither can the files be seen that its jobs have open.
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
  [ -r "$file" ] || fail "cannot tell whether a worker runs there: $file cannot be read"
  if legacy_alive "$file" "${number%.pid}"; then
    fail "a worker runs there (PID $legacy_pid); stop it first"
  fi
  case $legacy_pid in '' | *[!0-9]*) return 0 ;; esac
  [ -d "/proc/$legacy_pid" ] || return 0
  [ -r "/proc/$legacy_pid/cmdline" ] && [ "$(printf 'a\0b' | tr '\0' ' ' 2>/dev/null)" = 'a b' ] ||
    fail "cannot tell whether process $legacy_pid is a worker that runs there (no tr, or /proc is hidden); delete $file\
 if it is not"
}

# A worker that died without a word is noted as ended: other hosts with this home cannot see that it is gone.
record_own_end() {
  read_worker_file "$state/worker" || return 0
  [ ! -s "$state/ended" ] && can_see_worker || return 0
  alive "$w_pid" "$w_ticks" "$w_boot" && return 0
  # Its jobs may still run, and write.
  alive "$guardian_pid" "$guardian_ticks" "$w_boot" && return 0
  (umask 077 && printf 'reason=died\nexit=1\ntime=%s\ngiven_back=0\n' "$now" >"$state/ended") 2>/dev/null
}

remove_output_dir() {
  # Another worker with the same home may be faster.
  message=$(rm -rf -- "$out" 2>&1) || [ ! -e "$out" ] || fail "cannot delete all of $out: ${message##*"$newline"}"
  [ ! -e "$out" ] || fail "cannot delete $out: rm said that it did"
  [ ! -L "$given" ] || rm -f -- "$given"
}

# Writes a line for each file and directory to the file $1: "MODE SIZE INODE CHANGED ./NAME", CHANGED being the time of
# the inode's last change. Equal lines mean that nothing changed; no clock is compared with another. Fails if the list
# is not complete.
list_files() {
  (cd -- "$out" && LC_ALL=C TZ=UTC find . -exec stat -c '%f %s %i %Z %z %n' {} +) >"$1" 2>/dev/null || return 1
  IFS= read -r line 2>/dev/null <"$1"
  case $line in *' .') ;; *) return 1 ;; esac
}

# Whether two lists are the same; two that cannot be read are not.
same_lists() {
  first_list=$(cat "$1" 2>/dev/null) && second_list=$(cat "$2" 2>/dev/null) && [ -n "$first_list" ] &&
    [ "$first_list" = "$second_list" ]
}

# Writes the lines that two lists have in common to the file $3.
common_lines() {
  LC_ALL=C sort "$1" "$2" >"$3.sorted" 2>/dev/null && LC_ALL=C uniq -d "$3.sorted" >"$3" 2>/dev/null
}

newline='
'
)sh";

constexpr std::string_view k_progress_functions = R"sh(
# How far the whole script is: a number that only rises. What makes no progress is ended from outside.
progress=0
advance() {
  progress=$((progress + 1))
  report_advance "$progress"
}
report_advance() { printf '#torc-progress %s\n' "$1" 2>/dev/null; }

# Runs "$@" as a process of its own, and reports while the file $1 grows that it writes; with "", while it reads the
# archive from its standard input. Its end is progress as well.
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
  # What it has read cannot be seen any more: all of it.
  grows=${grows:-$archive}
  measure
  progress=$((progress + measured))
  advance || exit 1
  return "$step_status"
}

# When nobody listens any more, the step is for nobody.
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

# Sets `measured` to the bytes that the step has written or read.
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

# Files that running jobs write to may change while they are read; anything else is a failure.
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
    fail "no temporary directory: $message"
  }
  case $packed_in in
    "$place"/torc_logs_*) [ -d "$packed_in" ] ;;
    *) false ;;
  esac || {
    message=$packed_in
    packed_in=
    fail "no temporary directory: mktemp says '$message'"
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
  [ "$status" = 0 ] || fail "no checksum of the archive: $sum"
  find_unchanged
  # Only for the order of deletions; without `ls`, workers with one path count as sharing a directory.
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
# These become the programs, so that who ends the process ends the program.
make_archive() {
  LC_ALL=C
  export LC_ALL
  exec tar -czf "$archive" -C "$out" . 2>"$packed_in/errors" </dev/null
}
sum_archive() { exec cksum <"$archive" >"$packed_in/sum" 2>&1; }

# Writes the lines of what did not change since the packing began to `unchanged`.
find_unchanged() {
  run_step "$packed_in/after" list_files "$packed_in/after"
  if same_lists "$packed_in/before" "$packed_in/after"; then
    mv -f -- "$packed_in/after" "$packed_in/unchanged"
  else
    common_lines "$packed_in/before" "$packed_in/after" "$packed_in/unchanged"
  fi || complete= unlisted=1
}
# Reports what must be in the archive as it is here: a line "file=SIZE ./NAME" for each file that did not change.
# Leaves `unchanged` for the deletion, and `before` if that is all there was; else they are empty, and nothing is
# deleted.
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
  record_own_end
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
# Lists the directory anew; not in a subshell, as the progress is counted here.
list_now() {
  listed=
  if run_step "$packed_in/now" list_files "$packed_in/now"; then listed=1; fi
}

# Refuses unless the directory is for certain as it was when it was packed. What was not listed counts as changed.
refuse_changes() {
  [ -s "$packed_in/before" ] && [ -s "$packed_in/unchanged" ] && [ -n "$listed" ] ||
    fail "cannot tell whether files changed since the archive was made: $no_list"
  same_lists "$packed_in/before" "$packed_in/now" && return 0
  find_difference
  [ -z "$difference" ] || fail "$difference changed since the archive was made"
  fail "cannot tell whether files changed since the archive was made: $no_list"
}
no_list='not all could be listed (a file that cannot be read, or no find, stat, cat, sed, sort or uniq that works)'

# Sets `difference` to the first file whose line in the list is another than it was.
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

# Whether something is there that the archive may not hold, or that somebody is about to write.
is_in_use() {
  (refuse_running >/dev/null 2>&1) || return 0
  list_now
  (refuse_changes >/dev/null 2>&1) || return 0
  return 1
}

# Sets `open_files` to the files below the directory that a process has open, a line each with an empty one in front.
# That this shell's own descriptor is among all that are open shows that they could be seen.
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
  [ -n "$seen" ] || fail "cannot tell which files are open: no ls that works, or /proc cannot be read"
}

# Deletes what the archive holds for certain: files that did not change since the packing began, and that no process has
# open. Directories stay, as jobs may be about to write into them. A runner does not let others see what it has open, so
# the files that runners write stay as well. The mark that says which server's output this is stays with what is kept.
# Open files on another host cannot be seen, so nothing is deleted if a worker may run there.
remove_packed_files() {
  refuse_unseen_workers
  [ -s "$packed_in/unchanged" ] || fail "cannot tell which files the archive holds: $no_list"
  find_open_files
  list_now
  common_lines "$packed_in/unchanged" "$packed_in/now" "$packed_in/still" ||
    fail "cannot tell which files the archive holds: $no_list"
  while IFS= read -r line; do
    # MODE of a regular file.
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
  [ -d "$packed_in" ] || fail "its archive is gone"
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

}  // namespace

std::string pack_script(const Worker& worker, const CollectSettings& settings, AfterPacking after) {
  return worker_script(worker, settings.workflow, settings.output_dir)
      .add(k_safety_functions)
      .add(k_progress_functions)
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
      .add(k_progress_functions)
      .add(k_discard_main)
      .add(k_delete_packed_main)
      .text();
}

std::string delete_script(const Worker& worker, const WorkflowRef& workflow, const std::string& output_dir) {
  return worker_script(worker, workflow, output_dir).add(k_safety_functions).add(k_delete_main).text();
}

}  // namespace torc::remote
