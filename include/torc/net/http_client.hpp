#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "torc/net/wait_limit.hpp"

namespace torc::net {

inline constexpr std::size_t k_max_body_bytes = 1UL << 30U;
inline constexpr std::size_t k_max_error_bytes = 1UL << 20U;
inline constexpr std::size_t k_max_header_bytes = 256UL << 10U;

/// Settings of a client's requests. Contains secrets: never log it.
struct HttpOptions {
  std::string user{};
  std::string password{};  ///< If not empty, Basic authentication is used.
  std::string cookie_header{};
  std::string tls_ca_cert{};
  bool tls_insecure{false};
  std::chrono::milliseconds connect_limit{10'000};
  std::chrono::milliseconds request_limit{120'000};  ///< For the whole request, including the connection.
  /// Maximum number of bytes of a response's body; for an error response, k_max_error_bytes. Longer bodies are
  /// rejected, as are responses whose headers, with those of preceding interim responses, exceed k_max_header_bytes.
  std::size_t body_limit{k_max_body_bytes};
};

struct HttpResponse {
  int status{0};  ///< 0: no response; see `error`.
  std::string body{};
  std::string content_type{};
  std::string error{};     ///< "connection refused", "could not resolve host", "timed out after 10 s", ...
  bool sent{false};        ///< Whether the server may have acted on the request: false if connecting failed.
  bool over_limit{false};  ///< The response exceeded a limit; a retry would get the same response.
  bool given_up{false};    ///< The caller stopped waiting for the response.
};

/// Makes requests over one kept-alive connection (libcurl). Use one object per thread; the first one calls
/// `curl_global_init`. Failures of the network or the server do not throw.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// @param method  GET, POST, PUT or DELETE
  /// @param url     Complete, already encoded
  /// @param body    JSON text; sent with its content type unless empty
  /// @param stop    When requested, the request is given up at once and its connection closed.
  HttpResponse request(std::string_view method, const std::string& url, const std::string& body = {},
                       const std::stop_token& stop = {});

  /// Applies to all later requests.
  void set_wait_limit(WaitLimit wait_limit);

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

/// Percent-encodes a path segment or a query value.
std::string url_encode(std::string_view text);

/// "?a=1&b=x%20y" from names and values, or "" if there are none.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters);

/// The delay before retry number `attempt` (starting at 1), as a pure function. Doubles from 0.1 s to 5 s, and is
/// multiplied by `jitter` (0.5 to 1) so that many clients do not retry at the same time.
std::chrono::milliseconds retry_pause(int attempt, double jitter);

}  // namespace torc::net
