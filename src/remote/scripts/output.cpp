#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

constexpr std::string_view k_find_output = R"sh(
# Sets `base` to the job's files without their endings.
find_output() {
  set_places
  choose_output_dir
  base=$out/job_stdio/$stem
}
)sh";

constexpr std::string_view k_read_main = R"sh(
main() {
  find_output
  if [ ! -f "$base.o" ] && [ ! -f "$base.e" ] && [ ! -f "$base.log" ]; then
    report_begin
    report_end
    return
  fi
  printf '\n%s\n' '#torc-out'
  for file in "$base.o" "$base.log"; do [ ! -f "$file" ] || cat <"$file"; done
  printf '\n%s\n' '#torc-err'
  [ ! -f "$base.e" ] || cat <"$base.e"
  printf '\n%s\n' '#torc-done'
}
)sh";

// Standard input stays open as long as somebody listens: tail itself would never notice that nobody does.
constexpr std::string_view k_follow_main = R"sh(
main() {
  find_output
  followers=
  for file in "$base.o" "$base.log"; do
    [ -f "$file" ] || continue
    tail -n +1 -f -- "$file" </dev/null &
    followers="$followers $!"
  done
  if [ -f "$base.e" ]; then
    tail -n +1 -f -- "$base.e" >&2 </dev/null &
    followers="$followers $!"
  fi
  cat >/dev/null
  # The last lines may have come just now; tail looks for more once a second.
  sleep 1.2 2>/dev/null || sleep 2
  [ -z "$followers" ] || kill $followers
}
)sh";

Script output_base(const Worker& worker, const JobOutputRequest& request) {
  Script script = worker_script(worker, request.workflow, request.output_dir);
  script.set("stem", request.stem).add(k_find_output);
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
