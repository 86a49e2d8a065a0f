// Theory of operation: where every worker has a thread of its own, each connection checks, reports and waits; the
// thread that reports last decides for all (Meeting), then every connection gets its answer. Where there are more
// workers than connections, all are checked first, then those chosen are started over new connections.

#include "torc/remote/start.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "remote/scripts.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

/// The version in "torc 0.23.0", or nothing.
std::optional<std::string> parse_version(const std::string& text) {
  constexpr std::string_view k_prefix = "torc ";
  const std::string_view line = base::trim(text);
  if (!line.starts_with(k_prefix)) {
    return std::nullopt;
  }
  const std::string_view version = line.substr(k_prefix.size());
  if (version.empty() || version.find_first_not_of("0123456789.") == 0) {
    return std::nullopt;
  }
  return base::printable(version.substr(0, version.find(' ')));
}

void set_problem(Check& check, Check::Problem problem, std::string message) {
  check.problem = problem;
  check.message = std::move(message);
}

std::string not_found_message(const Worker& worker, const StartSettings& settings) {
  if (!settings.remote_torc.empty()) {
    return fmt::format("torc not found on {} ('{}' is no program there)", worker.name,
                       base::printable(settings.remote_torc));
  }
  return fmt::format("torc not found on {} (looked in PATH and ~/.local/bin); install it there or say where it is with "
                     "--remote-torc",
                     worker.name);
}

/// What the worker's own `torc worker-probe` said.
void judge_probe(Check& check, const Report& report, const Worker& worker, std::string& version) {
  try {
    const auto probe = model::parse_json(report.get("probe"));
    version = base::printable(probe.at("version").get<std::string>());
    const auto& server = probe.at("server");
    if (!server.at("reached").get<bool>()) {
      set_problem(check, Check::Problem::server, base::printable(server.at("error").get<std::string>()));
    }
  } catch (const std::exception& error) {
    set_problem(check, Check::Problem::version,
                fmt::format("the torc on {} answers what this one does not understand ({})", worker.name,
                            error.what()));
  }
}

Check judge_report(const Report& report, const Worker& worker, const StartSettings& settings) {
  Check check;
  check.problem = Check::Problem::none;
  check.torc = report.get("torc");
  check.has_probe = !report.get("has_probe").empty();
  check.running_pid = base::parse_int(report.get("running"));
  if (check.torc.empty()) {
    set_problem(check, Check::Problem::version, not_found_message(worker, settings));
    return check;
  }
  std::string version;
  if (check.has_probe) {
    judge_probe(check, report, worker, version);
  } else if (const auto parsed = parse_version(report.get("version"))) {
    version = *parsed;
  } else {
    set_problem(check, Check::Problem::version,
                fmt::format("torc does not start on {}: {}", worker.name, base::printable(report.get("version"))));
    return check;
  }
  if (check.problem != Check::Problem::version && !settings.skip_version_check && version != settings.version) {
    set_problem(check, Check::Problem::version,
                fmt::format("Version mismatch: local={}, {}={}", settings.version, worker.name, version));
  }
  if (check.ok() && !report.get("owner").empty()) {
    set_problem(check, Check::Problem::output_dir,
                fmt::format("'{}' holds output of a workflow {} of another server; give another directory with -o, or "
                            "delete it: torc remote delete-logs {} --remote-output-dir {}",
                            settings.output_dir, settings.workflow.workflow_id, settings.workflow.workflow_id,
                            settings.output_dir));
  }
  return check;
}

Check judge_call(const proc::CommandResult& call, const Worker& worker, const StartSettings& settings) {
  const auto report = Report::parse(call.out);
  if (report && !report->has("failed")) {
    return judge_report(*report, worker, settings);
  }
  Check check;
  check.message = report ? base::printable(report->get("failed")) : failure_reason(call);
  check.problem = report                                                     ? Check::Problem::output_dir
                  : call.end == proc::CommandResult::End::canceled ? Check::Problem::canceled
                                                                             : Check::Problem::unreachable;
  return check;
}

Start judge_start(const proc::CommandResult& call) {
  Start start;
  const auto report = Report::parse(call.out);
  if (!report) {
    // The worker was told to start; that nobody heard of it any more does not stop it.
    const bool unknown = call.end == proc::CommandResult::End::timed_out ||
                         call.end == proc::CommandResult::End::canceled;
    start.message = failure_reason(call) + (unknown ? "; it may have started: 'torc remote status' tells" : "");
  } else if (report->has("failed")) {
    start.message = base::printable(report->get("failed"));
  } else if (report->has("died")) {
    start.message = "Process died immediately. Last log:";
    for (const auto& line : report->all("log")) {
      start.message += "\n  " + base::printable(line);
    }
  } else {
    start.already_running = report->has("already");
    start.pid = base::parse_int(report->get(start.already_running ? "already" : "started"));
    start.ok = start.pid.has_value();
    if (!start.ok) {
      start.message = "the worker's process could not be found";
    }
  }
  return start;
}

/// Where all workers' checks come together.
class Meeting {
 public:
  Meeting(std::vector<StartResult>& results, const Decide& decide)
      : m_results(results), m_decide(decide), m_missing(results.size()), m_go(results.size(), 0) {}

  /// Brings the check of a worker; whoever comes last decides.
  void arrive(std::size_t index, Check check) {
    std::unique_lock lock(m_mutex);
    m_results[index].check = std::move(check);
    if (--m_missing == 0) {
      decide();
      m_decided.notify_all();
    }
  }

  /// Waits for the decision; false too where it failed, or where others do not come within `patience`, which can only
  /// be for want of threads.
  bool wait(std::size_t index, std::chrono::seconds patience) {
    std::unique_lock lock(m_mutex);
    if (!m_decided.wait_for(lock, patience, [&] { return m_missing == 0; })) {
      m_results[index].check.problem = Check::Problem::unreachable;
      m_results[index].check.message = "timed out while other workers were checked";
      return false;
    }
    m_results[index].tried = m_go[index] != 0;
    return m_results[index].tried;
  }

  /// What the decision threw.
  void rethrow() const {
    if (m_error) {
      std::rethrow_exception(m_error);
    }
  }

 private:
  void decide() {
    try {
      std::vector<Check> checks;
      for (const auto& result : m_results) {
        checks.push_back(result.check);
      }
      m_go = m_decide(checks);
      m_go.resize(m_results.size(), 0);
    } catch (...) {
      m_error = std::current_exception();
    }
  }

  std::vector<StartResult>& m_results;
  const Decide& m_decide;
  std::mutex m_mutex;
  std::condition_variable m_decided;
  std::size_t m_missing;
  std::vector<char> m_go;
  std::exception_ptr m_error;
};

/// Others wait for this call: that this machine cannot make it must be a value, too.
proc::CommandResult run_or_explain(Transport& transport, const Worker& worker, const ScriptCall& call) {
  try {
    return transport.run(worker.address, call);
  } catch (const base::Error& error) {
    proc::CommandResult result;
    result.err = error.what();
    return result;
  }
}

std::vector<StartResult> over_one_connection(Transport& transport, const std::vector<Worker>& workers,
                                             const StartSettings& settings, const Decide& decide) {
  std::vector<StartResult> results(workers.size());
  Meeting meeting(results, decide);
  // Twice the limit: a worker may need all of it, and its ssh some time to be ended.
  const auto patience = 2 * settings.limit + std::chrono::seconds(30);
  proc::for_each_index(workers.size(), workers.size(), [&](std::size_t i) {
    bool asked = false;
    ScriptCall call{.script = check_and_start_script(workers[i], settings), .question = k_question};
    call.answer = [&](std::string_view output) -> std::string {
      asked = true;
      proc::CommandResult before;
      before.end = proc::CommandResult::End::exited;
      before.out = output;
      meeting.arrive(i, judge_call(before, workers[i], settings));
      return meeting.wait(i, patience) ? k_go : "stop\n";
    };
    const auto ended = run_or_explain(transport, workers[i], call);
    if (!asked) {
      meeting.arrive(i, judge_call(ended, workers[i], settings));
    } else if (results[i].tried) {
      results[i].start = judge_start(ended);
    }
  });
  meeting.rethrow();
  return results;
}

std::vector<StartResult> over_two_connections(Transport& transport, const std::vector<Worker>& workers,
                                              const StartSettings& settings, std::size_t width, const Decide& decide) {
  const auto checks = proc::fan_out(workers, width, [&](const Worker& worker) {
    return judge_call(transport.run(worker.address, {.script = check_script(worker, settings)}), worker, settings);
  });
  auto go = decide(checks);
  go.resize(workers.size(), 0);
  std::vector<StartResult> results(workers.size());
  proc::for_each_index(workers.size(), width, [&](std::size_t i) {
    results[i].check = checks[i];
    if (go[i] != 0) {
      results[i].tried = true;
      results[i].start =
          judge_start(transport.run(workers[i].address, {.script = start_script(workers[i], settings, checks[i])}));
    }
  });
  return results;
}

}  // namespace

std::vector<StartResult> check_and_start(Transport& transport, const std::vector<Worker>& workers,
                                         const StartSettings& settings, std::size_t width, const Decide& decide) {
  if (workers.size() <= width) {
    return over_one_connection(transport, workers, settings, decide);
  }
  return over_two_connections(transport, workers, settings, width, decide);
}

std::vector<std::optional<std::string>> check_connectivity(Transport& transport, const std::vector<Worker>& workers,
                                                           std::size_t width) {
  const std::string script = connectivity_script();
  return proc::fan_out(workers, width, [&](const Worker& worker) -> std::optional<std::string> {
    const auto call = transport.run(worker.address, {.script = script});
    if (Report::parse(call.out)) {
      return std::nullopt;
    }
    return failure_reason(call);
  });
}

}  // namespace torc::remote
