#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "torc/base/path_trust.hpp"
#include "torc/store/changes.hpp"
#include "torc/store/error.hpp"

namespace torc::store {

/// How long SQLite waits for another process that has the database locked: a backup, a check, an sqlite3 shell.
inline constexpr std::chrono::milliseconds k_busy_timeout{10'000};

/// When a commit returns.
enum class Durability {
  full,    ///< It is on disk: it survives a power cut.
  normal,  ///< It survives the end of the process, not a power cut; the database stays whole either way.
};

/// One SQLite connection with the statements it has prepared. For one thread at a time.
///
/// WAL, synchronous as Durability says, foreign keys on. Everything thrown from here on is a `Refused` or a
/// `StorageError`.
class Connection {
 public:
  enum class Mode { read, write };

  Connection(const std::string& path, Mode mode, Durability durability = Durability::full);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// How long SQLite waits for a lock from now on; k_busy_timeout until this is called.
  void set_busy_timeout(std::chrono::milliseconds timeout);

  /// Whether a transaction is open. SQLite itself ends one when the disk is full, for example.
  bool in_transaction() const;

  /// A point inside a transaction to come back to; one level. Rolling back to it may fail, and the caller must not
  /// commit then, so this is not the business of a destructor.
  void savepoint();
  void release_savepoint();
  void rollback_to_savepoint();

  /// What was changed over this connection and not taken yet.
  Changes& changes();

  struct Impl;
  Impl& impl() { return *m_impl; }

 private:
  friend class Transaction;

  void begin();
  void commit();
  void rollback() noexcept;

  std::unique_ptr<Impl> m_impl;
};

/// A transaction, from its construction on: for a writing connection one that holds the write lock (BEGIN IMMEDIATE), for
/// a reading one a snapshot. Rolled back at the end of its life unless it was committed. A connection has at most one.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : m_connection(connection) { m_connection.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// Does nothing if SQLite has ended the transaction by itself.
  ~Transaction() { m_connection.rollback(); }

  /// Durable when it returns (of a writing connection with Durability::full).
  void commit() { m_connection.commit(); }

 private:
  Connection& m_connection;
};

class DatabaseFile;

/// The database file: opened by one server at a time.
class Database {
 public:
  /// Makes the file (and its directory) where there is none, brings an older one up to date after a copy of it was set
  /// beside it. Where that fails nothing is changed.
  /// @param path  Links are followed: a second server is refused whatever name it has for the file.
  ///
  /// Files are made with the mode 0600 and directories with 0700, whatever the umask is. What the file holds beside data
  /// (triggers, views) never runs.
  /// @param owner  Whose files are used; see base::require_trusted_path.
  /// @throws base::Error if another process has it (which is named), if it is newer than this program, something else's
  /// or cannot be opened, if it has several names, if other users could replace it, if it holds triggers or views, or
  /// if there is no room for the copy
  explicit Database(const std::string& path, Durability durability = Durability::full,
                    base::Owner owner = base::Owner::user_or_root);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// After the last of its connections.
  ~Database();

  const std::string& path() const;
  /// The UUID the database got when it was made.
  const std::string& server_id() const { return m_server_id; }
  Connection open(Connection::Mode mode) const { return Connection{path(), mode, m_durability}; }

  /// What became of the file or of SQLite's log beside it, if they are not in their place any more: "was deleted". What
  /// is written then is lost with the server. Any other name of the same file in that place (a bind mount) is as good.
  /// Takes a few microseconds; from any thread.
  std::optional<std::string> displacement() const;

 private:
  std::unique_ptr<DatabaseFile> m_file;
  Durability m_durability;
  std::string m_server_id;
  /// Keeps the file open: when the last connection is closed SQLite puts its log away, which the next begins anew, and
  /// each of both is several syncs. Used at the start only.
  std::optional<Connection> m_first;
};

}  // namespace torc::store
