#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/model/schedulers.hpp"

namespace torc::server::slurm_stats {

using model::SlurmStats;

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_int(filter, request, "job_id");
  filter_int(filter, request, "run_id");
  filter_int(filter, request, "attempt_id");
  return answer(store::list<SlurmStats>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto stats = request.read<SlurmStats>();
  store::require_workflow(connection, stats.workflow_id);
  if (store::get<model::Job>(connection, stats.job_id).workflow_id != stats.workflow_id) {
    throw RequestError(422, fmt::format("job {} does not belong to workflow {}", stats.job_id, stats.workflow_id));
  }
  stats.id = store::insert(connection, stats);
  return answer(stats);
}

}  // namespace torc::server::slurm_stats
