#pragma once

#include <string>
#include <utility>

#include "torc/base/error.hpp"

namespace torc::store {

/// A change or question that the data does not allow. The caller's mistake: nothing of it is kept.
class Refused : public base::Error {
 public:
  enum class Reason {
    not_found,      ///< The thing named does not exist.
    conflict,       ///< It exists, but its state or its owner does not permit the change.
    forbidden,      ///< Never permitted.
    unprocessable,  ///< The values given make no sense for it.
  };

  Refused(Reason reason, std::string message) : base::Error(std::move(message)), m_reason(reason) {}

  Reason reason() const noexcept { return m_reason; }

 private:
  Reason m_reason;
};

/// SQLite failed: disk full, file damaged or gone. Not the caller's fault.
class StorageError : public base::Error {
 public:
  enum class Cause {
    disk_full,  ///< It will work again once there is room.
    busy,       ///< Another process holds a lock, longer than SQLite waits for one.
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
