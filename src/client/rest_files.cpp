#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {

model::File RestApi::create_file(const model::File& file) {
  return model_from<model::File>(server().post("/files", {}, model::to_json(file)), "POST /files");
}

model::File RestApi::get_file(model::Id id) {
  const std::string path = fmt::format("/files/{}", id);
  return model_from<model::File>(server().get(path), "GET " + path);
}

model::Page<model::File> RestApi::list_files(model::Id workflow_id, const FileFilter& filter) {
  Query query;
  query.add("workflow_id", workflow_id).add("produced_by_job_id", filter.produced_by_job_id);
  return server().list<model::File>("/files", query, {});
}

}  // namespace torc::client
