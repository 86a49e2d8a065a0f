#include "net/trusted_certificates.hpp"

#include <unistd.h>

#include <array>

#include "torc/base/file.hpp"

namespace torc::net {
namespace {

constexpr std::array<const char*, 5> k_places{
    "etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "etc/pki/tls/certs/ca-bundle.crt",                   // Red Hat, Fedora
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // the same where the link above is gone
    "etc/ssl/ca-bundle.pem",                             // SUSE
    "etc/ssl/cert.pem",                                  // Alpine without the package ca-certificates
};

}  // namespace

std::string trusted_certificates(const std::filesystem::path& root) {
  if (std::string named = base::env_or("SSL_CERT_FILE"); !named.empty()) {
    return named;
  }
  for (const char* place : k_places) {
    std::string file = (root / place).string();
    if (::access(file.c_str(), R_OK) == 0) {
      return file;
    }
  }
  return {};
}

}  // namespace torc::net
