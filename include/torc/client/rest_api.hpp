#pragma once

#include <memory>
#include <string>

#include "torc/client/api.hpp"

namespace torc::client {

/// Address of a server, and credentials. Contains secrets: never log it.
struct Connection {
  std::string url;   ///< "http://HOST:PORT/torc-service/v1"
  std::string user;  ///< For basic authentication; used only with a password.
  std::string password{};
  std::string cookie_header{};     ///< Sent unchanged, for servers behind a sign-on page.
  std::string tls_ca_cert{};       ///< File with trusted certificates; empty: those of the system.
  bool tls_insecure{false};        ///< Trust any certificate.
  bool skip_version_check{false};  ///< Accept servers with another major version of the interface.
};

/// The base URL of all requests: `text` without trailing slashes, and with the service's path if it has no path.
/// @throws base::UsageError if the URL is invalid
std::string normalized_url(const std::string& text);

/// Creates an `Api` that uses one persistent HTTP connection.
/// @throws base::UsageError if the URL is invalid
std::unique_ptr<Api> make_rest_api(Connection connection);

}  // namespace torc::client
