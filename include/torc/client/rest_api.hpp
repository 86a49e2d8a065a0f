#pragma once

#include <memory>
#include <string>

#include "torc/client/api.hpp"

namespace torc::client {

/// How a server is reached and who asks. Holds secrets: never log it.
struct Connection {
  std::string url;   ///< "http://HOST:PORT/torc-service/v1"
  std::string user;  ///< For basic authentication; used where there is a password.
  std::string password{};
  std::string cookie_header{};     ///< Sent as it is, for servers behind a sign-on page.
  std::string tls_ca_cert{};       ///< File with the certificates to trust; empty: the system's.
  bool tls_insecure{false};        ///< Trust any certificate.
  bool skip_version_check{false};  ///< Go on with a server of another major interface version.
};

/// The base of all requests as `text` means it: without slashes at its end, with the service's path where it has none.
/// @throws base::UsageError if the URL is none
std::string normalized_url(const std::string& text);

/// The real `Api`, over one HTTP connection that is kept open.
/// @throws base::UsageError if the URL is none
std::unique_ptr<Api> make_rest_api(Connection connection);

}  // namespace torc::client
