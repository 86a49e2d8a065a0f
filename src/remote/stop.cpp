// Theory of operation: all runners are signaled before the command waits for any, so that a slow runner does not keep
// others running. If all workers can be connected to at once, each connection stays open after the signal and waits for
// the runner's end; otherwise the workers whose runners were signaled are connected to again. The connections wait for
// each other between signal and wait, so the round reserves all of its slots at once.

#include "torc/remote/stop.hpp"

#include <memory>

#include "remote/barrier.hpp"
#include "remote/scripts/scripts.hpp"
#include "remote/ssh/run_or_explain.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

/// Plausible maximum for one runner.
constexpr std::int64_t k_max_jobs = 1'000'000'000;

StopResult judge_signal(const proc::CommandResult& call) {
  const auto report = Report::parse(call.out);
  StopResult result;
  result.canceled = call.end == proc::CommandResult::End::canceled;
  if (!report) {
    result.message = failure_reason(call);
  } else if (report->has("failed")) {
    result.message = report->text("failed");
  } else {
    try {
      result.signaled_pid = report->pid_if_any("signaled");
      result.was_started = !report->get("found").empty();
      result.ok = true;
    } catch (const BadReport& error) {
      result.message = error.what();
    }
  }
  return result;
}

/// Adds the report of a script that waited for the runner's end.
void judge_end(StopResult& result, const proc::CommandResult& call) {
  const auto report = Report::parse(call.out);
  if (!report || report->has("failed")) {
    result.canceled = call.end == proc::CommandResult::End::canceled;
    result.message = report ? report->text("failed") : failure_reason(call);
    return;
  }
  try {
    result.requeued = report->number_if_any("ended_given_back", 0, k_max_jobs);
    result.ended = report->has("gone");
  } catch (const BadReport& error) {
    result.message = error.what();
  }
}

/// One `remote stop`.
class StopRound {
 public:
  StopRound(Transport& transport, const std::vector<Worker>& workers, const StopRequest& request,
            const std::function<void(const std::vector<StopResult>&)>& on_signaled)
      : m_reserved(transport.reserve(workers.size())),
        m_transport(*m_reserved),
        m_workers(workers),
        m_request(request),
        m_results(workers.size()),
        m_barrier(workers.size(), [this, &on_signaled] { on_signaled(m_results); }) {}

  std::vector<StopResult> run() {
    const bool waits = m_request.timeout.count() > 0;
    const bool one_connection = waits && m_workers.size() <= m_transport.width();
    proc::for_each_index(m_workers.size(), m_transport.width(),
                         [&](std::size_t i) { one_connection ? signal_and_wait(i) : signal(i); });
    m_barrier.rethrow();
    if (waits && !one_connection) {
      proc::for_each_index(m_workers.size(), m_transport.width(), [&](std::size_t i) { wait(i); });
    }
    return std::move(m_results);
  }

 private:
  /// Longer than any ssh call can take.
  static constexpr std::chrono::minutes k_timeout{10};

  void arrive(std::size_t i, const proc::CommandResult& call) {
    m_results[i] = judge_signal(call);
    m_barrier.arrive();
  }

  void signal(std::size_t i) {
    arrive(i, run_or_explain(m_transport, m_workers[i], {.script = stop_script(m_workers[i], m_request)}));
  }

  void wait(std::size_t i) {
    if (m_results[i].signaled_pid) {
      judge_end(m_results[i],
                run_or_explain(m_transport, m_workers[i],
                               {.script = wait_script(m_workers[i], m_request), .reports_progress = true}));
    }
  }

  void signal_and_wait(std::size_t i) {
    bool reported = false;
    ScriptCall call{
        .script = stop_and_wait_script(m_workers[i], m_request), .reports_progress = true, .question = k_question};
    call.answer = [&](std::string_view output) -> std::string {
      reported = true;
      proc::CommandResult before;
      before.end = proc::CommandResult::End::exited;
      before.out = output;
      arrive(i, before);
      return m_barrier.wait(k_timeout + delay_of_all(m_transport, m_workers.size())) && m_results[i].signaled_pid
                 ? k_go
                 : "stop\n";
    };
    const auto ended = run_or_explain(m_transport, m_workers[i], call);
    if (!reported) {
      arrive(i, ended);
    } else if (m_results[i].signaled_pid) {
      judge_end(m_results[i], ended);
    }
  }

  std::unique_ptr<Transport> m_reserved;
  Transport& m_transport;
  const std::vector<Worker>& m_workers;
  const StopRequest& m_request;
  std::vector<StopResult> m_results;
  Barrier m_barrier;
};

}  // namespace

const char* signal_name(StopMode mode) {
  switch (mode) {
    case StopMode::end:
      return "SIGTERM";
    case StopMode::drain:
      return "SIGUSR1";
    case StopMode::kill:
      break;
  }
  return "SIGKILL";
}

std::vector<StopResult> stop_workers(Transport& transport, const std::vector<Worker>& workers,
                                     const StopRequest& request,
                                     const std::function<void(const std::vector<StopResult>&)>& on_signaled) {
  return StopRound(transport, workers, request, on_signaled).run();
}

}  // namespace torc::remote
