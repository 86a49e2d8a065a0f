// Theory of operation: nothing is started before all workers have been checked. A connection that has checked its
// worker can wait for the decision and then start the runner, but the number of simultaneous connections is limited.
// Therefore the first workers are checked over connections that end after the check, and the last ones over connections
// that report and stay open. The thread that reports last makes the decision for all (barrier.hpp); then the open
// connections get their answer, and the others are made again. A connection must not wait for a slot held by a
// connection that waits for it, so the round reserves all of its slots at once.

#include "torc/remote/start.hpp"

#include <exception>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "remote/barrier.hpp"
#include "remote/scripts/scripts.hpp"
#include "remote/ssh/run_or_explain.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

/// The version in a line like "torc 0.23.0".
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
    return fmt::format("torc not found on {} ('{}' is not an executable file)", worker.name,
                       base::printable(settings.remote_torc));
  }
  return fmt::format(
      "torc not found on {} (searched PATH and ~/.local/bin); install it with 'torc remote install', or give its path "
      "with --remote-torc",
      worker.name);
}

/// Evaluates the output of `torc worker-probe` on the worker.
void judge_probe(Check& check, const Report& report, const Worker& worker, std::string& version) {
  try {
    const auto probe = model::parse_json(report.get("probe"));
    version = shown(probe.at("version").get<std::string>());
    const auto& server = probe.at("server");
    if (!server.at("reached").get<bool>()) {
      set_problem(check, Check::Problem::server, shown(server.at("error").get<std::string>()));
    }
  } catch (const std::exception& error) {
    set_problem(check, Check::Problem::version,
                fmt::format("the torc on {} gave an unexpected answer ({})", worker.name, shown(error.what())));
  }
}

Check judge_report(const Report& report, const Worker& worker, const StartSettings& settings) {
  Check check;
  if (report.has("refused")) {
    set_problem(check, Check::Problem::not_restartable, report.text("refused"));
    return check;
  }
  check.problem = Check::Problem::none;
  check.torc = report.path_if_any("torc");
  check.has_probe = !report.get("has_probe").empty();
  check.running_pid = report.pid_if_any("running");
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
    const std::string said = report.text("version");
    set_problem(check, Check::Problem::version,
                report.get("hangs").empty() ? fmt::format("torc does not start on {}: {}", worker.name,
                                                          said.empty() ? check.torc + " prints nothing" : said)
                                            : fmt::format("torc does not start on {}: {} does not answer within {} s",
                                                          worker.name, check.torc, probe_limit(settings).count()));
    return check;
  }
  if (check.problem != Check::Problem::version && report.get("skip_version_check").empty() &&
      version != settings.version) {
    set_problem(check, Check::Problem::version,
                fmt::format("Version mismatch: local={}, {}={}", settings.version, worker.name, version));
  }
  if (check.ok() && !report.get("owner").empty()) {
    const std::string output_dir = report.text("output_dir");
    set_problem(check, Check::Problem::output_dir,
                fmt::format("'{}' contains output of workflow {} of another server; choose another directory with -o, "
                            "or delete it: torc remote delete-logs {} --remote-output-dir {}",
                            output_dir, settings.workflow.workflow_id, settings.workflow.workflow_id, output_dir));
  }
  return check;
}

Check judge_call(const proc::CommandResult& call, const Worker& worker, const StartSettings& settings) {
  const auto report = Report::parse(call.out);
  Check check;
  if (report && !report->has("failed")) {
    try {
      return judge_report(*report, worker, settings);
    } catch (const BadReport& error) {
      set_problem(check, Check::Problem::unreachable, error.what());
      return check;
    }
  }
  check.message = report ? report->text("failed") : failure_reason(call);
  check.problem = report                                           ? Check::Problem::output_dir
                  : call.end == proc::CommandResult::End::canceled ? Check::Problem::canceled
                                                                   : Check::Problem::unreachable;
  return check;
}

Start judge_start(const proc::CommandResult& call) {
  Start start;
  const auto report = Report::parse(call.out);
  if (!report) {
    // The script was sent: losing the connection does not stop the start.
    const bool unknown =
        call.end == proc::CommandResult::End::timed_out || call.end == proc::CommandResult::End::canceled;
    start.message = failure_reason(call) + (unknown ? "; it may have started: check with 'torc remote status'" : "");
  } else if (report->has("failed") || report->has("refused")) {
    start.message = report->text(report->has("failed") ? "failed" : "refused");
  } else if (report->has("died")) {
    start.message = "Process died immediately. Last log:";
    for (const auto& line : report->all("log")) {
      start.message += "\n  " + shown(line);
    }
  } else {
    try {
      start.already_running = report->has("already");
      start.pid = report->pid_if_any(start.already_running ? "already" : "started");
      start.ok = start.pid.has_value();
      start.message = start.ok ? "" : "the worker's report has no process ID";
    } catch (const BadReport& error) {
      start.message = error.what();
    }
  }
  return start;
}

/// One `remote run`.
class StartRound {
 public:
  StartRound(Transport& transport, const std::vector<Worker>& workers, const StartSettings& settings,
             const Decide& decide)
      : m_reserved(transport.reserve(workers.size())),
        m_transport(*m_reserved),
        m_workers(workers),
        m_settings(settings),
        m_two_connections(workers.size() - std::min(workers.size(), m_transport.width())),
        // A worker may use all of its time limit, and ending its ssh takes time, too.
        m_timeout(2 * settings.limit + std::chrono::seconds(30) + delay_of_all(transport, workers.size())),
        m_results(workers.size()),
        m_decision(workers.size(), 0),
        m_barrier(workers.size(), [this, &decide] { make_decision(decide); }) {}

  std::vector<StartResult> run() {
    // The order matters: no thread may wait for the decision while a check waits for a thread.
    const std::size_t checked = m_workers.size();
    proc::for_each_index(checked + m_two_connections, m_transport.width(), [&](std::size_t i) {
      if (i < m_two_connections) {
        check(i);
      } else if (i < checked) {
        check_and_start(i);
      } else {
        start(i - checked);
      }
    });
    m_barrier.rethrow();
    return std::move(m_results);
  }

 private:
  void check(std::size_t i) {
    arrive(i, run_or_explain(m_transport, m_workers[i], {.script = check_script(m_workers[i], m_settings)}));
  }

  void arrive(std::size_t i, const proc::CommandResult& call) {
    m_results[i].check = judge_call(call, m_workers[i], m_settings);
    m_barrier.arrive();
  }

  /// Makes the decision after all have arrived.
  void make_decision(const Decide& decide) {
    std::vector<Check> checks;
    for (const auto& result : m_results) {
      checks.push_back(result.check);
    }
    m_decision = decide(checks);
    m_decision.resize(m_results.size(), 0);
  }

  /// Waits for the decision. @returns whether to start this worker
  bool is_to_start(std::size_t i) {
    if (!m_barrier.wait(m_timeout)) {
      m_results[i].check.problem = Check::Problem::unreachable;
      m_results[i].check.message = "timed out waiting for the checks of other workers";
      return false;
    }
    m_results[i].tried = m_decision[i] != 0;
    return m_results[i].tried;
  }

  void start(std::size_t i) {
    if (is_to_start(i)) {
      const auto script = start_script(m_workers[i], m_settings, m_results[i].check);
      m_results[i].start = judge_start(run_or_explain(m_transport, m_workers[i], {.script = script}));
    }
  }

  void check_and_start(std::size_t i) {
    bool reported = false;
    ScriptCall call{.script = check_and_start_script(m_workers[i], m_settings), .question = k_question};
    call.answer = [&](std::string_view output) -> std::string {
      reported = true;
      proc::CommandResult before;
      before.end = proc::CommandResult::End::exited;
      before.out = output;
      arrive(i, before);
      return is_to_start(i) ? k_go : "stop\n";
    };
    const auto ended = run_or_explain(m_transport, m_workers[i], call);
    if (!reported) {
      arrive(i, ended);
    } else if (m_results[i].tried) {
      m_results[i].start = judge_start(ended);
    }
  }

  std::unique_ptr<Transport> m_reserved;
  Transport& m_transport;
  const std::vector<Worker>& m_workers;
  const StartSettings& m_settings;
  std::size_t
      /// Number of workers, from the first, that are checked over one connection and started over another.
      m_two_connections;
  std::chrono::seconds m_timeout;
  std::vector<StartResult> m_results;
  std::vector<char> m_decision;
  Barrier m_barrier;
};

}  // namespace

WorkerStart StartSettings::start_of(const Worker& worker) const {
  const auto found = of_worker.find(worker.stored);
  WorkerStart start = found == of_worker.end() ? WorkerStart{} : found->second;
  start.torc = start.torc.empty() ? remote_torc : start.torc;
  start.output_dir = start.output_dir.empty() ? output_dir : start.output_dir;
  start.run_options = start.run_options.empty() ? run_options : start.run_options;
  start.later_options = start.later_options.empty() ? later_options : start.later_options;
  return start;
}

std::vector<StartResult> check_and_start(Transport& transport, const std::vector<Worker>& workers,
                                         const StartSettings& settings, const Decide& decide) {
  return StartRound(transport, workers, settings, decide).run();
}

std::vector<std::optional<std::string>> check_connectivity(Transport& transport, const std::vector<Worker>& workers) {
  const std::string script = connectivity_script();
  return proc::fan_out(workers, transport.width(), [&](const Worker& worker) -> std::optional<std::string> {
    const auto call = transport.run(worker.address, {.script = script});
    if (Report::parse(call.out)) {
      return std::nullopt;
    }
    return failure_reason(call);
  });
}

}  // namespace torc::remote
