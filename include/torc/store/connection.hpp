#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "torc/base/path_trust.hpp"
#include "torc/store/changes.hpp"
#include "torc/store/error.hpp"

namespace torc::store {

/// How long SQLite waits while another process (a backup, a check, an sqlite3 shell) has the database locked.
inline constexpr std::chrono::milliseconds k_busy_timeout{10'000};

/// When a commit counts as done.
enum class Durability {
  full,    ///< Once it is on disk: it survives a power failure.
  normal,  ///< It survives the end of the process but not a power failure; the database stays consistent either way.
};

/// One SQLite connection and its prepared statements. For one thread at a time.
///
/// Uses WAL, `synchronous` according to Durability, and foreign keys. Functions of the store throw only `Refused` and
/// `StorageError`.
class Connection {
 public:
  enum class Mode { read, write };

  Connection(const std::string& path, Mode mode, Durability durability = Durability::full);
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  /// Changes how long SQLite waits for a lock; initially k_busy_timeout.
  void set_busy_timeout(std::chrono::milliseconds timeout);

  /// Whether a transaction is open. SQLite itself ends one in some cases, such as a full disk.
  bool in_transaction() const;

  /// A point inside a transaction to roll back to; cannot be nested. Rolling back to it may fail, and then the caller
  /// must not commit. Therefore no destructor does it.
  void savepoint();
  void release_savepoint();
  void rollback_to_savepoint();

  /// Changes made over this connection that have not been taken yet.
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

/// A transaction that begins with its construction: on a writing connection it holds the write lock (BEGIN IMMEDIATE),
/// on a reading one it is a snapshot. The destructor rolls it back unless it was committed. A connection has at most
/// one.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : m_connection(connection) { m_connection.begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  /// Does nothing if SQLite has already ended the transaction.
  ~Transaction() { m_connection.rollback(); }

  /// Durable when it returns (on a writing connection with Durability::full).
  void commit() { m_connection.commit(); }

 private:
  Connection& m_connection;
};

class DatabaseFile;

/// The database file. At most one server has it open.
class Database {
 public:
  /// Creates the file and its directory if they are missing. Upgrades an older database, after making a copy of it in
  /// the same directory. If that fails, nothing is changed.
  /// @param path  Links are followed: a second server is refused under whatever name it opens the file.
  ///
  /// Files are created with mode 0600 and directories with 0700, regardless of the umask. Triggers and views in the
  /// file never run.
  /// @param owner  Whose files may be used; see base::require_trusted_path.
  /// @throws base::Error if another process has it open (the message names it), if it is newer than this program,
  /// belongs to another program or cannot be opened, if it has several names, if other users could replace it, if it
  /// contains triggers or views, or if there is no space for the copy
  explicit Database(const std::string& path, Durability durability = Durability::full,
                    base::Owner owner = base::Owner::user_or_root);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  /// To be destroyed after all its connections.
  ~Database();

  const std::string& path() const;
  /// The UUID that the database got when it was created.
  const std::string& server_id() const { return m_server_id; }
  Connection open(Connection::Mode mode) const { return Connection{path(), mode, m_durability}; }

  /// If the file or SQLite's log beside it is no longer in its place, what happened to it: "was deleted". Later writes
  /// would be lost when the server exits. Another path to the same file (a bind mount) counts as in place. Takes a few
  /// microseconds; can be called by any thread.
  std::optional<std::string> displacement() const;

 private:
  std::unique_ptr<DatabaseFile> m_file;
  Durability m_durability;
  std::string m_server_id;
  /// Keeps the database open: when the last connection is closed, SQLite removes its log, and the next one creates it
  /// again, which takes several syncs each. Only used while starting.
  std::optional<Connection> m_first;
};

}  // namespace torc::store
