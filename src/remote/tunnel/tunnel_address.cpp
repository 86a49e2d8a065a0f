#include <algorithm>

#include <fmt/format.h>

#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/remote/tunnel.hpp"

namespace torc::remote {
namespace {

// Below 32768, where Linux's ephemeral ports begin: while a tunnel reconnects, no other program gets its port by
// chance.
constexpr int k_first_port = 20'000;
constexpr int k_ports = 10'000;

/// "SCHEME://" "LOGIN@" "HOST" ":PORT" "/PATH"
struct UrlParts {
  std::string scheme{};
  std::string login{};
  std::string host{};
  std::string port{};
  std::string path{};

  bool is_encrypted() const { return base::to_lower(scheme) == "https://"; }
};

UrlParts parts_of(const std::string& url) {
  UrlParts parts;
  const auto scheme = url.find("://");
  const auto begin = scheme == std::string::npos ? 0 : scheme + 3;
  const auto slash = std::min(url.find('/', begin), url.size());
  parts.scheme = url.substr(0, begin);
  parts.path = url.substr(slash);
  std::string authority = url.substr(begin, slash - begin);
  if (const auto at = authority.rfind('@'); at != std::string::npos) {
    parts.login = authority.substr(0, at + 1);
    authority.erase(0, at + 1);
  }
  const auto bracket = authority.find(']');
  const auto colon = authority.find(':', bracket == std::string::npos ? 0 : bracket);
  parts.host = authority.substr(0, colon);
  parts.port = colon == std::string::npos ? "" : authority.substr(colon + 1);
  if (parts.host.starts_with('[') && parts.host.ends_with(']')) {
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  }
  return parts;
}

/// Whether a host name means the local machine on every machine, so that a certificate for it is also valid on the
/// worker.
bool is_same_on_worker(const std::string& host) {
  return host == "127.0.0.1" || host == "localhost";
}

}  // namespace

std::string TunnelTarget::text() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

TunnelTarget tunnel_target(const std::string& url, bool any_certificate) {
  const UrlParts parts = parts_of(url);
  if (parts.is_encrypted() && !any_certificate && !is_same_on_worker(parts.host)) {
    throw base::UsageError(
        fmt::format("--server-tunnel: the workers would reach {0} as 127.0.0.1, for which its certificate is not "
                    "valid; add 127.0.0.1 to the certificate and give --url https://127.0.0.1:PORT, or let the server "
                    "listen on 127.0.0.1 without https (ssh encrypts the connections through the tunnel)",
                    base::printable(parts.host)));
  }
  const auto port = parts.port.empty() ? (parts.is_encrypted() ? 443 : 80) : base::parse_int(parts.port).value_or(0);
  const auto is_odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '[' || c == ']' || c == '/'; };
  if (parts.host.empty() || port < 1 || port > 65'535 || std::any_of(parts.host.begin(), parts.host.end(), is_odd)) {
    throw base::UsageError("--server-tunnel: cannot determine host and port of the server's URL " +
                           base::printable(parts.scheme + parts.host));
  }
  return {.host = parts.host, .port = static_cast<int>(port)};
}

std::string url_through_tunnel(const std::string& url, int port) {
  const UrlParts parts = parts_of(url);
  // Without a certificate the name does not matter, and 'localhost' could resolve to ::1 first.
  const std::string host = parts.is_encrypted() && is_same_on_worker(parts.host) ? parts.host : "127.0.0.1";
  return fmt::format("{}{}{}:{}{}", parts.scheme, parts.login, host, port, parts.path);
}

int tunnel_port(const WorkflowRef& workflow, const std::string& key, int candidate) {
  const auto hash = base::hash64(fmt::format("{}/{}/{}/{}", workflow.server_id, workflow.workflow_id, key, candidate));
  return k_first_port + static_cast<int>(hash % k_ports);
}

std::chrono::milliseconds reconnect_pause(int attempt, double jitter) {
  return base::growing_pause(attempt, std::chrono::milliseconds(500), std::chrono::seconds(30), jitter);
}

}  // namespace torc::remote
