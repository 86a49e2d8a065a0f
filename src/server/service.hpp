#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "server/access/authenticator.hpp"
#include "server/access/browser_rules.hpp"
#include "server/execution/executor.hpp"
#include "server/http/body_parser.hpp"
#include "torc/server/server.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// The settings of a service.
struct ServiceSettings {
  Announce announce{};  ///< Passes events to the network's thread; may be empty.
  /// The number of clients that follow events; must outlive the service. Null if there never are any.
  const std::atomic<int>* listeners{nullptr};
  SecurityOptions security{};
  BrowserRules rules{};
  int readers{2};                              ///< Number of threads for reading requests.
  std::chrono::milliseconds worker_timeout{};  ///< Compute nodes without contact for this time are lost; 0: never.
  /// How long changes wait while another process has the database locked.
  std::chrono::milliseconds busy_timeout{store::k_busy_timeout};
  bool additions{true};  ///< See ServerOptions.
};

/// The server without its network: receives requests and produces responses. `handle` and the replies run in one
/// thread, the network's.
class Service {
 public:
  /// @param database  Must outlive the service.
  /// @param deliver  Passes responses to the network's thread.
  /// @throws base::Error for an invalid password file
  Service(const store::Database& database, Deliver deliver, ServiceSettings settings = {});

  /// Calls `reply` once, at once or later. Does not throw.
  void handle(Incoming incoming, Reply reply);

  /// Called with the head of a request. @returns the response to a request that a web page of another site may have
  /// sent, or whose body is not declared as JSON. Then neither `admit` nor `handle` may be called for it. Does not
  /// throw.
  std::optional<Response> refusal(const Incoming& head);

  /// Called before a large body is read: checks that the operation exists and that the sender may call it. Calls `then`
  /// once, at once or later. Does not throw.
  void admit(const Incoming& head, Admitted then);

  /// Ends waiting claims and pending password checks with a response, and all later ones at once. Can be called by any
  /// thread.
  void end_waits();

  /// Null without a password file.
  Authenticator* authenticator() { return m_authenticator.get(); }

 private:
  /// @returns false if it has responded because there is no such operation
  bool prepare(Incoming& incoming, Task& task);
  /// Calls `then` with the sender of a request.
  void identify(const Route& route, const Incoming& head, Authenticator::Then then);
  void dispatch(Task task);
  Response refused(const RuleRefusal& why, const Incoming& head);

  const BrowserRules m_rules;
  std::chrono::steady_clock::time_point m_next_refusal_log{};
  const bool m_enforce_access;
  const bool m_additions;
  const std::chrono::milliseconds m_worker_timeout;
  Router m_router;
  /// Closed last, because only a writing connection removes the -wal and -shm files.
  Writer m_writer;
  BodyParser m_parser;  ///< Destroyed before the writer, to which it passes requests.
  Readers m_readers;
  store::Connection m_connection;  ///< For handlers that run at once.
  std::unique_ptr<Authenticator> m_authenticator;
};

}  // namespace torc::server
