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
  std::size_t bodies{128UL * 1024 * 1024};  ///< Of all large bodies together, until they are answered.
  std::uint32_t header{32 * 1024};
  std::size_t connections{16'000};              ///< Further ones are told that there are too many.
  bool own_user_only{false};                    ///< See ServerOptions.
  std::chrono::milliseconds handshake{10'000};  ///< For TLS to begin.
  std::chrono::milliseconds idle{600'000};      ///< Between two requests.
  std::chrono::milliseconds request{120'000};   ///< From a request's first byte to its last.
  std::chrono::milliseconds answer{300'000};    ///< For a client to take an answer.
  std::chrono::milliseconds comment{15'000};    ///< Without an event, until a stream shows that it lives.
  std::chrono::milliseconds stop{10'000};       ///< For requests under way once it is to stop.
};

class TlsContext;

/// HTTP over TCP, with TLS where it has a certificate: accepts connections, reads requests, writes answers; one thread,
/// which `run` takes.
class HttpListener {
 public:
  /// As Service::handle. Called by the thread of `run`.
  using Handle = std::function<void(Incoming request, Reply reply)>;
  /// As Service::admit. Called by the thread of `run`.
  using Admit = std::function<void(const Incoming& head, Admitted then)>;
  /// As Service::refusal. Called by the thread of `run`.
  using Refuse = std::function<std::optional<Response>(const Incoming& head)>;

  /// Listens.
  /// @param tls  Null: plain HTTP.
  /// @throws base::Error that names the address
  HttpListener(const std::string& host, std::uint16_t port, HttpLimits limits,
               std::shared_ptr<const TlsContext> tls = nullptr);
  HttpListener(const HttpListener&) = delete;
  HttpListener& operator=(const HttpListener&) = delete;
  /// Replies that are still held may be called or destroyed later, without effect.
  ~HttpListener();

  std::uint16_t port() const;
  bool is_loopback() const;

  /// Serves until `stop` was called and what was accepted is answered.
  /// @param admit  Asked before a large body is read; empty: all are.
  /// @param refuse  Asked about the head of every request; empty: none is refused.
  void run(Handle handle, Admit admit = {}, Refuse refuse = {});

  /// From any thread: calls the replies in the thread of `run`.
  void deliver(std::vector<Answer> answers);
  /// From any thread: another certificate for connections to come, of a listener that was given one.
  void use(std::shared_ptr<const TlsContext> tls);
  /// From any thread: tells those who follow workflows.
  void announce(std::vector<store::Notice> notices, std::set<Id> deleted);
  /// How many do.
  const std::atomic<int>& listeners() const;
  /// From any thread: takes nothing new; `run` returns once every request that has come in whole is answered, or after
  /// HttpLimits::stop.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::server
