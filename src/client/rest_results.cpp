#include "client/rest_api.hpp"

namespace torc::client {

model::Page<model::Result> RestApi::list_results(model::Id workflow_id, const ResultFilter& filter) {
  Query query;
  query.add("workflow_id", workflow_id)
      .add("job_id", filter.job_id)
      .add("run_id", filter.run_id)
      .add("return_code", filter.return_code)
      .add("status", filter.status)
      .add("compute_node_id", filter.compute_node_id);
  if (filter.all_runs) {
    query.add("all_runs", true);
  }
  return server().list<model::Result>("/results", query, filter.paging);
}

model::Result RestApi::create_result(const model::Result& result) {
  return model_from<model::Result>(server().post("/results", {}, model::to_json(result)), "POST /results");
}

}  // namespace torc::client
