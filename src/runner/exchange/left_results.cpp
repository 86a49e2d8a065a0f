#include <chrono>
#include <thread>

#include "runner/exchange/job_exchange.hpp"
#include "runner/exchange/result_journal.hpp"
#include "runner/exchange/server_link.hpp"
#include "runner/runner_log.hpp"
#include "torc/base/error.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner {
namespace {

/// Ends, because the exchange stops reporting a result that the server refuses repeatedly.
/// @throws base::ApiError if the server does not answer
void report_result(JobExchange& exchange, const model::Result& result) {
  constexpr std::chrono::milliseconds k_pause{100};
  for (;;) {
    try {
      exchange.complete(result);
      return;
    } catch (const base::ApiError& error) {
      if (is_outage(error)) {
        throw;
      }
      std::this_thread::sleep_for(k_pause);
    }
  }
}

}  // namespace

void deliver_left_results(client::Api& api, const RunnerOptions& options) {
  const auto directory = make_output_directory(options.output_directory);
  if (!ResultJournal::any_in(directory)) {
    return;  // The usual case, without any call to the server.
  }
  const auto run_id = api.get_workflow_status(options.workflow_id).run_id;
  RunnerLog log(runner_log_path(options, directory, run_id));
  ResultJournal journal(directory, api.server_id(), options.workflow_id, runner_key(options), log);
  const auto left = journal.take_over();
  JobExchange exchange(api, options.workflow_id, run_id, /*compute_node_id=*/0, log);
  for (const auto& result : left.results) {
    report_result(exchange, result);
  }
  for (const auto& job : left.requeues) {
    exchange.requeue(job);
  }
  journal.clear();
}

}  // namespace torc::runner
