#include "client/rest_api.hpp"

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/version.hpp"

namespace torc::client {
namespace {

std::string major_of(const std::string& version) {
  return version.substr(0, version.find('.'));
}

}  // namespace

RestApi::RestApi(const Connection& connection) : m_connection(connection), m_checked(connection.skip_version_check) {}

RestConnection& RestApi::server() {
  if (!m_checked) {
    const std::string& server_version = version().api_version;
    if (major_of(server_version) != major_of(base::k_api_version)) {
      throw base::Error(
          fmt::format("the server at {} speaks version {} of the interface, this program {}; use a torc of the "
                      "server's version, or --skip-version-check",
                      m_connection.shown_url(), server_version, base::k_api_version));
    }
    m_checked = true;
  }
  return m_connection;
}

std::unique_ptr<Api> make_rest_api(Connection connection) {
  return std::make_unique<RestApi>(connection);
}

}  // namespace torc::client
