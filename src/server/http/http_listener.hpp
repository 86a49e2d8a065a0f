#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/execution/executor.hpp"

namespace torc::server {

struct HttpLimits {
  std::size_t body{64UL * 1024 * 1024};
  std::size_t bodies{128UL * 1024 * 1024};  ///< Of all large bodies together, until their responses are sent.
  std::uint32_t header{32 * 1024};
  std::size_t connections{16'000};              ///< Clients of further connections get an error response.
  bool own_user_only{false};                    ///< See ServerOptions.
  std::chrono::milliseconds handshake{10'000};  ///< For the TLS handshake.
  std::chrono::milliseconds idle{600'000};      ///< Between two requests.
  std::chrono::milliseconds request{120'000};   ///< From the first byte of a request to its last.
  std::chrono::milliseconds answer{300'000};    ///< For a client to receive a response.
  std::chrono::milliseconds comment{15'000};    ///< Time without an event until a comment is sent in an event stream.
  std::chrono::milliseconds stop{10'000};       ///< For current requests after `stop`.
};

class TlsContext;

/// HTTP over TCP, with TLS if it has a certificate: accepts connections, reads requests and writes responses, all in
/// the thread that calls `run`.
class HttpListener {
 public:
  /// Like Service::handle. Called in the thread of `run`.
  using Handle = std::function<void(Incoming request, Reply reply)>;
  /// Like Service::admit. Called in the thread of `run`.
  using Admit = std::function<void(const Incoming& head, Admitted then)>;
  /// Like Service::refusal. Called in the thread of `run`.
  using Refuse = std::function<std::optional<Response>(const Incoming& head)>;

  /// Listens on the address.
  /// @param tls  Null for plain HTTP.
  /// @throws base::Error that names the address
  HttpListener(const std::string& host, std::uint16_t port, HttpLimits limits,
               std::shared_ptr<const TlsContext> tls = nullptr);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  /// Replies that still exist may be called or destroyed later, without effect.
  ~HttpListener();

  std::uint16_t port() const;
  bool is_loopback() const;

  /// Serves until `stop` was called and all accepted requests have got a response.
  /// @param admit  Called before a large body is read; if empty, all bodies are read.
  /// @param refuse  Called for the head of every request; if empty, no request is refused.
  void run(Handle handle, Admit admit = {}, Refuse refuse = {});

  /// Calls the replies in the thread of `run`. Can be called by any thread.
  void deliver(std::vector<Answer> answers);
  /// Sets another certificate for new connections of a listener that was created with one. Can be called by any thread.
  void use(std::shared_ptr<const TlsContext> tls);
  /// Sends notices to the clients that follow workflows. Can be called by any thread.
  void announce(std::vector<store::Notice> notices, std::set<Id> deleted);
  /// The number of clients that follow workflows.
  const std::atomic<int>& listeners() const;
  /// Accepts nothing new; `run` returns once every complete request has got its response, or after HttpLimits::stop.
  /// Can be called by any thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::server
