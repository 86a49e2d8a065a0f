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

/// From this many bytes on a body is large: whether it is wanted is asked before it is read, and it is parsed ahead.
/// Below it, handing a request over twice costs more.
inline constexpr std::size_t k_large_body = 256 * 1024;

/// Keeps a connection until it is called or destroyed. A std::function that was moved from may still hold what it held
/// (libc++ leaves small ones as they are): take one out of a longer-lived object by std::exchange.
using Reply = std::function<void(Response)>;

/// A request as it came over the network; the views hold during the call that it is handed to.
struct Incoming {
  std::string_view method{};         ///< As on the request line: "GET".
  std::string_view target{};         ///< From the first '/' on.
  std::string_view authorization{};  ///< The header field of this name; empty where there is none.
  std::string body{};
  /// Set when the client has gone away; may be null.
  std::shared_ptr<const std::atomic<bool>> gone{};
  std::string_view client{};  ///< Its address.
  BrowserFields fields{};     ///< Where it comes from, and what its body is.
};

/// Called with the refusal of a request whose body is not read, or with nothing.
using Admitted = std::function<void(std::optional<Response> refusal)>;

/// A request on its way. `reply` is called by the network's thread.
struct Task {
  const Route* route{nullptr};
  Request request{};
  Reply reply{};
  /// Its answer, where that is known before it runs.
  std::optional<Response> refusal{};
  /// Set by the network's thread when the client is gone: what it asked for would be lost. Null: nobody says.
  std::shared_ptr<const std::atomic<bool>> gone{};

  bool is_wanted() const { return gone == nullptr || !gone->load(std::memory_order_relaxed); }
};

struct Answer {
  Reply reply;
  Response response;
};

}  // namespace torc::server
