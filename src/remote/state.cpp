#include "torc/remote/state.hpp"

#include <fmt/format.h>

#include "remote/scripts/scripts.hpp"

namespace torc::remote {
namespace {

/// The load average cannot exceed the maximum number of processes.
constexpr double k_max_load = 1LL << 22U;

std::string last_log_line(const Report& report) {
  const auto lines = report.all("log");
  return lines.empty() ? std::string() : shown(lines.back());
}

/// How a worker whose runner does not run has ended.
WorkerState ended_state(const Report& report) {
  WorkerState result;
  const std::string reason = report.get("ended_reason");
  const std::string stopper = report.text("stop_requested");
  if (reason == "finished" || reason == "canceled") {
    result.state = State::finished;
    result.message = reason == "canceled" ? "the workflow was canceled" : "";
  } else if (reason == "time_over") {
    result.state = State::stopped;
    result.message = "stopped because its time was over";
  } else if (reason == "stopped" || (reason.empty() && report.has("stop_requested"))) {
    result.state = State::stopped;
    result.message = stopper.empty() ? "" : "stopped by " + stopper;
  } else {
    result.state = State::died;
    result.message = last_log_line(report);
  }
  return result;
}

}  // namespace

const char* to_string(State state) {
  switch (state) {
    case State::running:
      return "running";
    case State::never_started:
      return "never_started";
    case State::finished:
      return "finished";
    case State::stopped:
      return "stopped";
    case State::died:
      return "died";
    case State::unreachable:
      return "unreachable";
    case State::not_queried:
      break;
  }
  return "unknown";
}

WorkerState query_state(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                        const std::string& output_dir) {
  const auto call = transport.run(worker.address, {.script = status_script(worker, workflow, output_dir)});
  if (call.end == proc::CommandResult::End::canceled) {
    return {.state = State::not_queried, .message = failure_reason(call)};
  }
  const auto report = Report::parse(call.out);
  if (!report || report->has("failed")) {
    return {.state = State::unreachable, .message = report ? report->text("failed") : failure_reason(call)};
  }
  if (report->get("found").empty()) {
    return {.state = State::never_started};
  }
  if (report->get("running").empty()) {
    WorkerState result = ended_state(*report);
    result.ending = report->has("ending");
    return result;
  }
  try {
    return {.state = State::running, .pid = report->pid_if_any("pid"), .load = report->real_if_any("load", k_max_load)};
  } catch (const BadReport& error) {
    return {.state = State::unreachable, .message = error.what()};
  }
}

}  // namespace torc::remote
