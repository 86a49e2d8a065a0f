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
    conflict,       ///< It exists, but somebody else's or a newer state stands against it.
    forbidden,      ///< Nobody may do that.
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
  StorageError(int code, bool disk_full, std::string message)
      : base::Error(std::move(message)), m_code(code), m_disk_full(disk_full) {}

  /// SQLite's result code.
  int code() const noexcept { return m_code; }
  /// Whether it will work again once there is room.
  bool disk_full() const noexcept { return m_disk_full; }

 private:
  int m_code;
  bool m_disk_full;
};

}  // namespace torc::store
