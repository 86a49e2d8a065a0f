#pragma once

#include <filesystem>
#include <string>

namespace torc::net {

/// The file with the certificates of authorities that are trusted unless an option names another one: $SSL_CERT_FILE, else
/// where the distributions have it. Empty if there is none: then libcurl's own default applies.
/// @param root  Where the file system begins; for tests.
std::string trusted_certificates(const std::filesystem::path& root = "/");

}  // namespace torc::net
