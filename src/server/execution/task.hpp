#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/access/browser_rules.hpp"
#include "server/http/request.hpp"

namespace torc::server {

struct Route;

/// A body from this size on is large: the server decides before reading it whether to accept it, and parses it in a
/// separate thread. For smaller bodies, passing a request on twice costs more.
inline constexpr std::size_t k_large_body = 256 * 1024;

/// Keeps a connection open until it is called or destroyed. A moved-from std::function may still hold its target
/// (libc++ does not clear small ones), so take one out of a longer-lived object with std::exchange.
using Reply = std::function<void(Response)>;

/// A request as received; the views are valid during the call that receives it.
struct Incoming {
  std::string_view method{};         ///< As on the request line: "GET".
  std::string_view target{};         ///< From the first '/' on.
  std::string_view authorization{};  ///< The header field of this name; empty if absent.
  std::string body{};
  /// Set when the client has disconnected; may be null.
  std::shared_ptr<const std::atomic<bool>> gone{};
  std::string_view client{};  ///< The client's address.
  BrowserFields fields{};     ///< For the rules about browsers.
};

/// Called with the refusal of a request whose body is not to be read, or with nothing.
using Admitted = std::function<void(std::optional<Response> refusal)>;

/// A request for a thread. The network's thread calls `reply`.
struct Task {
  const Route* route{nullptr};
  Request request{};
  Reply reply{};
  /// The response, if it is known before the task runs.
  std::optional<Response> refusal{};
  /// Set by the network's thread when the client has disconnected, so that claimed jobs would be lost. Null if unknown.
  std::shared_ptr<const std::atomic<bool>> gone{};

  bool is_wanted() const { return gone == nullptr || !gone->load(std::memory_order_relaxed); }
};

struct Answer {
  Reply reply;
  Response response;
};

}  // namespace torc::server
