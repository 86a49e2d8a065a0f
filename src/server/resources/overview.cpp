#include "torc/store/overview.hpp"

#include <chrono>
#include <cmath>

#include "server/handlers.hpp"
#include "torc/base/units.hpp"

namespace torc::server::overview {
namespace {

std::string timestamp(double seconds) {
  const std::chrono::milliseconds since{std::llround(seconds * 1000)};
  return base::format_timestamp(std::chrono::system_clock::time_point{since});
}

}  // namespace

Response ready_needs(const Request& request, store::Connection& connection) {
  return answer(store::ready_job_requirements(connection, request.id(), request.query_int("scheduler_config_id")));
}

Response summary(const Request& request, store::Connection& connection) {
  const auto found = store::summarize(connection, request.id());
  nlohmann::json jobs = nlohmann::json::object();
  std::int64_t total = 0;
  for (const auto& [status, count] : found.jobs) {
    jobs[to_string(status)] = count;
    total += count;
  }
  model::Summary summary{.workflow_id = request.id(),
                         .run_id = found.status.run_id,
                         .is_canceled = found.status.is_canceled,
                         .is_complete = found.is_complete,
                         .total_jobs = total,
                         .jobs = std::move(jobs),
                         .active_compute_nodes = found.active_compute_nodes,
                         .pending_scheduled_nodes = found.pending_scheduled_nodes,
                         .active_scheduled_nodes = found.active_scheduled_nodes,
                         .exec_time_minutes = found.exec_time_minutes};
  if (found.first_start && found.last_end) {
    summary.first_start = timestamp(*found.first_start);
    summary.last_end = timestamp(*found.last_end);
    summary.walltime_seconds = std::round((*found.last_end - *found.first_start) * 1000) / 1000;
  }
  return answer(summary);
}

}  // namespace torc::server::overview
