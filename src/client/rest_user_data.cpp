#include "client/rest_api.hpp"

namespace torc::client {

model::UserData RestApi::create_user_data(const model::UserData& user_data) {
  return model_from<model::UserData>(server().post("/user_data", {}, model::to_json(user_data)), "POST /user_data");
}

model::Page<model::UserData> RestApi::list_user_data(model::Id workflow_id) {
  return server().list<model::UserData>("/user_data", Query().add("workflow_id", workflow_id), {});
}

}  // namespace torc::client
