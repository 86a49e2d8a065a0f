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

/// Who may use the server, and how.
struct SecurityOptions {
  bool https{false};
  std::string tls_certificate{};  ///< PEM files; both are required if `https` is set.
  std::string tls_key{};
  std::string auth_file{};            ///< Users and passwords (see password_file.hpp); empty: everyone is "anonymous".
  bool require_auth{false};           ///< Refuse requests without credentials.
  bool enforce_access{false};         ///< Users see and change only workflows that they have access to.
  std::vector<std::string> admins{};  ///< Added to the administrators' group at the start.
  /// Origins of web pages that may use the server, in addition to its own: "https://torc.example.org".
  std::vector<std::string> allowed_origins{};
  /// Names by which clients reach the server, in addition to those of this machine: "torc.example.org".
  std::vector<std::string> allowed_hosts{};

  /// Whether Server::reload has any files to read.
  bool has_files() const { return https || !auth_file.empty(); }
};

/// Limits for clients.
struct LimitOptions {
  std::size_t body{64UL * 1024 * 1024};  ///< Bytes of a request's body.
  std::size_t connections{16'000};
  std::int64_t idle_seconds{600};     ///< Between two requests of a connection.
  std::int64_t request_seconds{120};  ///< From the first byte of a request to its last.
};

struct ServerOptions {
  std::string host{"127.0.0.1"};
  std::uint16_t port{8080};  ///< 0: any free one
  std::string database{};    ///< Path of the SQLite file; created if it does not exist.
  store::Durability durability{store::Durability::full};
  base::Owner owner{base::Owner::user_or_root};  ///< Whose database may be used.
  int readers{2};  ///< Number of threads for reading requests. All writing requests run in one separate thread.
  SecurityOptions security{};
  LimitOptions limits{};
  /// A compute node that has ever sent a heartbeat is lost after this time without contact: its jobs are requeued. 0:
  /// never.
  std::chrono::milliseconds worker_timeout{90'000};
  /// Close connections of other users of this machine without a response (root's are accepted). For a server on
  /// 127.0.0.1.
  bool own_user_only{false};
  /// Behave like torc 0.23: announce no capabilities, offer no operations that torc 0.23 does not have, and ignore
  /// their parameters. For tests of clients.
  bool no_additions{false};
};

/// The REST server for one database. It runs in its own threads from the end of the constructor on.
///
/// A change gets its response only after the commit of its transaction.
class Server {
 public:
  /// Opens (and migrates) the database and listens.
  /// @throws base::Error that names the database or address and says what to do
  explicit Server(const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Calls `stop`.
  ~Server();

  std::uint16_t port() const;
  /// "http://127.0.0.1:8080/torc-service/v1", or with https.
  std::string url() const;
  /// Whether only this machine can reach the server.
  bool is_loopback() const;

  /// Reads password file, certificate and key again. A file with errors is logged, and the previous contents stay in
  /// use. Can be called by any thread.
  void reload();

  /// Accepts no new connections, responds to the requests that it has received, ends its threads, and closes the
  /// database. Can be called by any thread, repeatedly.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::server
