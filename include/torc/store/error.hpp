#pragma once

#include <string>
#include <utility>

#include "torc/base/error.hpp"

namespace torc::store {

/// A change or query that the data do not allow. It is the caller's mistake; no part of it is kept.
class Refused : public base::Error {
 public:
  enum class Reason {
    not_found,      ///< The named record does not exist.
    conflict,       ///< The record exists, but its status or owner does not permit the change.
    forbidden,      ///< Never permitted.
    unprocessable,  ///< The values do not make sense for the record.
  };

  Refused(Reason reason, std::string message) : base::Error(std::move(message)), m_reason(reason) {}

  Reason reason() const noexcept { return m_reason; }

 private:
  Reason m_reason;
};

/// SQLite failed: the disk is full, or the file is damaged or missing. Not the caller's fault.
class StorageError : public base::Error {
 public:
  enum class Cause {
    disk_full,  ///< Works again once there is free space.
    busy,       ///< Another process held a lock longer than SQLite waits for one.
    other,
  };

  StorageError(int code, Cause cause, std::string message)
      : base::Error(std::move(message)), m_code(code), m_cause(cause) {}

  /// SQLite's result code.
  int code() const noexcept { return m_code; }
  bool disk_full() const noexcept { return m_cause == Cause::disk_full; }
  bool busy() const noexcept { return m_cause == Cause::busy; }

 private:
  int m_code;
  Cause m_cause;
};

}  // namespace torc::store
