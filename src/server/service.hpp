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

/// What a service is given beside its database.
struct ServiceSettings {
  Announce announce{};  ///< Hands events over to the network's thread; may be empty.
  const std::atomic<int>* listeners{
      nullptr};  ///< How many follow events; outlives the service. Null: nobody ever does.
  SecurityOptions security{};
  BrowserRules rules{};
  int readers{2};                              ///< Threads that answer questions.
  std::chrono::milliseconds worker_timeout{};  ///< Of compute nodes' silence; 0: they are never lost.
  /// How long changes wait for another process that has the database locked.
  std::chrono::milliseconds busy_timeout{store::k_busy_timeout};
  bool additions{true};  ///< See ServerOptions.
};

/// The server without its network: takes requests, has them answered. `handle` and the replies belong to one thread,
/// the network's.
class Service {
 public:
  /// @param database  Outlives the service.
  /// @param deliver  Hands answers over to the network's thread.
  /// @throws base::Error for a password file that cannot be used
  Service(const store::Database& database, Deliver deliver, ServiceSettings settings = {});

  /// Calls `reply` once, at once or later. Throws nothing.
  void handle(Incoming incoming, Reply reply);

  /// Once the head of a request has come in: the answer to one that a web page of another site may have sent, or whose
  /// body is not declared as JSON. Neither `admit` nor `handle` must be called for it. Throws nothing.
  std::optional<Response> refusal(const Incoming& head);

  /// Before a large body is read: whether there is such an operation, and its sender is one who may ask. Calls `then`
  /// once, at once or later. Throws nothing.
  void admit(const Incoming& head, Admitted then);

  /// From any thread: answers claims that wait for work, and logins that wait to be checked, now and from now on at once.
  void end_waits();

  /// Null without a password file.
  Authenticator* authenticator() { return m_authenticator.get(); }

 private:
  /// @returns false if it has answered that there is no such operation
  bool prepare(Incoming& incoming, Task& task);
  /// Calls `then` with who sends a request.
  void identify(const Route& route, const Incoming& head, Authenticator::Then then);
  void dispatch(Task task);
  Response refused(const RuleRefusal& why, const Incoming& head);

  const BrowserRules m_rules;
  std::chrono::steady_clock::time_point m_next_refusal_log{};
  const bool m_enforce_access;
  const bool m_additions;
  const std::chrono::milliseconds m_worker_timeout;
  Router m_router;
  /// Closed last: only a connection that may write takes the -wal and -shm files away.
  Writer m_writer;
  BodyParser m_parser;  ///< Closed before the writer, whom it hands requests to.
  Readers m_readers;
  store::Connection m_connection;  ///< For handlers that answer at once.
  std::unique_ptr<Authenticator> m_authenticator;
};

}  // namespace torc::server
