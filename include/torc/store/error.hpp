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
  StorageError(int code, std::string message) : base::Error(std::move(message)), m_code(code) {}

  /// SQLite's result code.
  int code() const noexcept { return m_code; }
  bool disk_full() const noexcept;

 private:
  int m_code;
};

}  // namespace torc::store
