#include <algorithm>

#include "client/rest_api.hpp"
#include "torc/base/strings.hpp"

namespace torc::client {

void RestApi::ping() {
  // Without a version check: any server that answers is running.
  m_connection.get("/ping");
}

const model::ServerVersion& RestApi::version() {
  if (!m_version) {
    m_version = model_from<model::ServerVersion>(m_connection.get("/version"), "GET /version");
  }
  return *m_version;
}

std::string RestApi::server_id() {
  return version().server_id.value_or(base::to_hex(base::hash64(m_connection.url()), 16));
}

bool RestApi::has_capability(model::Capability capability) {
  const auto& announced = version().capabilities;
  return announced && std::find(announced->begin(), announced->end(), model::to_string(capability)) != announced->end();
}

std::int64_t RestApi::reload_users() {
  return int_at(server().post("/admin/reload-auth"), "user_count", "POST /admin/reload-auth");
}

}  // namespace torc::client
