#include <fmt/format.h>

#include "client/rest_api.hpp"

namespace torc::client {

model::ResourceRequirements RestApi::create_resource_requirements(const model::ResourceRequirements& body) {
  return model_from<model::ResourceRequirements>(server().post("/resource_requirements", {}, model::to_json(body)),
                                                 "POST /resource_requirements");
}

model::ResourceRequirements RestApi::get_resource_requirements(model::Id id) {
  const std::string path = fmt::format("/resource_requirements/{}", id);
  return model_from<model::ResourceRequirements>(server().get(path), "GET " + path);
}

model::Page<model::ResourceRequirements> RestApi::list_resource_requirements(model::Id workflow_id) {
  return server().list<model::ResourceRequirements>("/resource_requirements", Query().add("workflow_id", workflow_id),
                                                    {});
}

}  // namespace torc::client
