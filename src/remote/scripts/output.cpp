#include "remote/scripts/scripts.hpp"
#include "torc/model/job_output.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_find_output = R"sh(
# Sets `base` to the path of the job's files without their suffixes.
find_output() {
  set_places
  choose_output_dir
  base=$out/$stdio_directory/$stem
}
)sh";

constexpr std::string_view k_read_main = R"sh(
main() {
  find_output
  if [ ! -f "$base$out_suffix" ] && [ ! -f "$base$err_suffix" ] && [ ! -f "$base$both_suffix" ]; then
    report_begin
    report_end
    return
  fi
  printf '\n%s\n' '#torc-out'
  for file in "$base$out_suffix" "$base$both_suffix"; do [ ! -f "$file" ] || cat <"$file"; done
  printf '\n%s\n' '#torc-err'
  [ ! -f "$base$err_suffix" ] || cat <"$base$err_suffix"
  printf '\n%s\n' '#torc-done'
}
)sh";

// Standard input stays open as long as the reader exists; tail itself would never notice that the reader is gone.
constexpr std::string_view k_follow_main = R"sh(
main() {
  find_output
  followers=
  for file in "$base$out_suffix" "$base$both_suffix"; do
    [ -f "$file" ] || continue
    tail -n +1 -f -- "$file" </dev/null &
    followers="$followers $!"
  done
  if [ -f "$base$err_suffix" ]; then
    tail -n +1 -f -- "$base$err_suffix" >&2 </dev/null &
    followers="$followers $!"
  fi
  cat >/dev/null
  # The last lines may be new, and tail checks for new lines once per second.
  sleep 1.2 2>/dev/null || sleep 2
  [ -z "$followers" ] || kill $followers
}
)sh";

Script output_base(const Worker& worker, const JobOutputRequest& request) {
  Script script = worker_script(worker, request.workflow, request.output_dir);
  script.set("stdio_directory", model::k_stdio_directory)
      .set("out_suffix", model::k_stdout_suffix)
      .set("err_suffix", model::k_stderr_suffix)
      .set("both_suffix", model::k_combined_suffix)
      .set("stem", request.stem)
      .add(k_find_output);
  return script;
}

}  // namespace

std::string job_output_script(const Worker& worker, const JobOutputRequest& request) {
  return output_base(worker, request).add(k_read_main).text();
}

std::string follow_output_script(const Worker& worker, const JobOutputRequest& request) {
  return output_base(worker, request).add(k_follow_main).text();
}

}  // namespace torc::remote
