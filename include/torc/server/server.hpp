#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "torc/base/path_trust.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// Who may talk to the server, and how.
struct SecurityOptions {
  bool https{false};
  std::string tls_certificate{};  ///< PEM files; both are needed where `https` is set.
  std::string tls_key{};
  std::string auth_file{};            ///< Users and passwords (see password_file.hpp); empty: everybody is "anonymous".
  bool require_auth{false};           ///< Refuse requests without credentials.
  bool enforce_access{false};         ///< Users see and change what is theirs only.
  std::vector<std::string> admins{};  ///< Made members of the administrators' group at the start.
  /// Web pages that may use the server beside its own: "https://torc.example.org".
  std::vector<std::string> allowed_origins{};
  /// Names under which clients reach the server beside those of this machine: "torc.example.org".
  std::vector<std::string> allowed_hosts{};

  /// Whether Server::reload has anything to read.
  bool has_files() const { return https || !auth_file.empty(); }
};

/// How much a client may take of the server.
struct LimitOptions {
  std::size_t body{64UL * 1024 * 1024};  ///< Bytes of a request's body.
  std::size_t connections{16'000};
  std::int64_t idle_seconds{600};     ///< Between two requests of a connection.
  std::int64_t request_seconds{120};  ///< From a request's first byte to its last.
};

struct ServerOptions {
  std::string host{"127.0.0.1"};
  std::uint16_t port{8080};  ///< 0: any free one
  std::string database{};    ///< Path of the SQLite file; made where there is none.
  store::Durability durability{store::Durability::full};
  base::Owner owner{base::Owner::user_or_root};  ///< Whose database is used.
  int readers{2};                                ///< Threads that answer questions; changes have one of their own.
  SecurityOptions security{};
  LimitOptions limits{};
  /// A compute node that has ever sent a heartbeat, and of which nothing was heard for so long, is lost: its jobs are
  /// ready again. 0: never.
  std::chrono::milliseconds worker_timeout{90'000};
  /// Connections of other users of this machine are closed unanswered (root's are not). For a server on 127.0.0.1.
  bool own_user_only{false};
  /// Do without what torc 0.23 does not have: this server then is to clients what that one is. It names no capability,
  /// has none of their operations, and ignores their parameters. For tests of clients.
  bool no_additions{false};
};

/// The REST server over one database. Runs in threads of its own from the constructor's return on.
///
/// Durable: a change is answered only after the commit of its transaction.
class Server {
 public:
  /// Opens (and migrates) the database and listens.
  /// @throws base::Error that names the database or address and says what to do
  explicit Server(const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Stops as `stop` does.
  ~Server();

  std::uint16_t port() const;
  /// "http://127.0.0.1:8080/torc-service/v1", or https
  std::string url() const;
  /// Whether only this machine reaches it.
  bool is_loopback() const;

  /// Reads password file, certificate and key again. What is wrong stays as it was and is logged. From any thread.
  void reload();

  /// Takes no new connections, answers what it has accepted, ends its threads, closes the database. May be called by
  /// any thread, more than once.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::server
