#include "client/rest_api.hpp"

namespace torc::client {

model::File RestApi::create_file(const model::File& file) {
  return model_from<model::File>(server().post("/files", {}, model::to_json(file)), "POST /files");
}

model::Page<model::File> RestApi::list_files(model::Id workflow_id) {
  return server().list<model::File>("/files", Query().add("workflow_id", workflow_id), {});
}

}  // namespace torc::client
