#include "torc/remote/exec.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "remote/scripts/script.hpp"
#include "remote/scripts/scripts.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

// The output is enclosed by two marker lines, since start files of shells may print as well. The second marker starts
// with a line end and is followed by the exit status.
constexpr std::string_view k_output_begin = "\n#torc-exec\n";
constexpr std::string_view k_output_end = "\n#torc-exec-end ";
constexpr std::int64_t k_max_exit_status = 255;

std::string exec_script(const std::vector<std::string>& words) {
  std::string command = words.size() == 1 ? "sh -c " : "";
  for (const auto& word : words) {
    command += base::shell_quote(word) + " ";
  }
  Script script;
  script.add(session_function());
  script.add("main() {\n  CDPATH= cd -- \"$HOME\"\n  printf '\\n%s\\n' '#torc-exec'\n  ( forget_session; " + command +
             ") </dev/null 2>&1\n  printf '\\n%s %s\\n' '#torc-exec-end' \"$?\"\n}\n");
  return script.text();
}

}  // namespace

ExecResult exec_on_worker(Transport& transport, const Worker& worker, const std::vector<std::string>& words) {
  const auto call = transport.run(worker.address, {.script = exec_script(words), .output_limit = k_large_output});
  ExecResult result;
  const auto begin = call.out.find(k_output_begin);
  const auto end = call.out.rfind(k_output_end);
  const auto start = begin == std::string::npos ? begin : begin + k_output_begin.size();
  // Without output, both markers share a line end.
  if (begin == std::string::npos || end == std::string::npos || end + 1 < start) {
    result.canceled = call.end == proc::CommandResult::End::canceled;
    result.message = call.end == proc::CommandResult::End::flooded
                         ? fmt::format("it printed more than {} MiB; redirect its output to a file on the worker",
                                       k_large_output >> 20U)
                         : failure_reason(call);
    return result;
  }
  const auto status = base::parse_int(base::trim(std::string_view(call.out).substr(end + k_output_end.size())));
  result.reached = status && *status >= 0 && *status <= k_max_exit_status;
  result.exit_status = result.reached ? static_cast<int>(*status) : 0;
  result.output = end < start ? "" : call.out.substr(start, end - start);
  if (!result.reached) {
    result.message = "the connection was lost";
  }
  return result;
}

}  // namespace torc::remote
