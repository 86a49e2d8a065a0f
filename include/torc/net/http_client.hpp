#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "torc/net/patience.hpp"

namespace torc::net {

inline constexpr std::size_t k_most_of_a_body = 1UL << 30U;
inline constexpr std::size_t k_most_of_an_error = 1UL << 20U;
inline constexpr std::size_t k_most_of_a_head = 256UL << 10U;

/// How requests of one client are made. Holds secrets: never log it.
struct HttpOptions {
  std::string user{};
  std::string password{};  ///< Basic authentication where not empty.
  std::string cookie_header{};
  std::string tls_ca_cert{};
  bool tls_insecure{false};
  std::chrono::milliseconds connect_limit{10'000};
  std::chrono::milliseconds request_limit{120'000};  ///< The whole request, connecting included.
  /// Bytes of an answer's body; of one that is no success, k_most_of_an_error. What has more is given up. An answer
  /// whose head, with those before it, exceeds k_most_of_a_head is given up as well.
  std::size_t body_limit{k_most_of_a_body};
};

struct HttpResponse {
  int status{0};  ///< 0: no answer came; `error` says why.
  std::string body{};
  std::string content_type{};
  std::string error{};   ///< "connection refused", "could not resolve host", "timed out after 10 s", ...
  bool sent{false};      ///< Whether the server may have acted upon it: false where connecting failed.
  bool unfit{false};     ///< It was given up since it exceeds a limit; asking again would bring the same.
  bool given_up{false};  ///< The caller stopped waiting for the answer.
};

/// Makes requests over one connection that is kept open (libcurl). One object for each thread; `curl_global_init` is
/// called by the first. No request throws for what a network or server does.
class HttpClient {
 public:
  explicit HttpClient(HttpOptions options);
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;
  ~HttpClient();

  /// @param method  GET, POST, PUT or DELETE
  /// @param url     Complete, already encoded
  /// @param body    JSON text; sent with its content type where not empty
  /// @param stop    Requested: the request is given up at once, its connection closed.
  HttpResponse request(std::string_view method, const std::string& url, const std::string& body = {},
                       const std::stop_token& stop = {});

  /// Holds for each request from now on.
  void set_patience(Patience patience);

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

/// Percent-encodes a path segment or a query value.
std::string url_encode(std::string_view text);

/// "?a=1&b=x%20y" from names and values, "" from none.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters);

/// How long to wait before try number `attempt` (1: the first repetition); a pure function. Doubles from 0.1 s to 5 s,
/// times `jitter` (0.5 to 1), so that many clients do not come back at once.
std::chrono::milliseconds retry_pause(int attempt, double jitter);

}  // namespace torc::net
