#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace torc::server {

struct BasicCredentials {
  std::string user{};
  std::string password{};
};

/// The credentials in an Authorization header of the scheme Basic, or nothing for another scheme or a malformed one.
std::optional<BasicCredentials> parse_basic_credentials(std::string_view header);

}  // namespace torc::server
