#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace torc::base {

/// Exit statuses of the program. Scripts depend on them.
inline constexpr int k_exit_ok = 0;
inline constexpr int k_exit_failure = 1;  ///< Something failed, possibly only for some workers.
inline constexpr int k_exit_usage = 2;    ///< The command line was invalid; nothing was done.

/// An error that ends a command. The message names the object, the cause and the remedy, and contains no secrets.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message, int exit_code = k_exit_failure);

  const char* what() const noexcept override { return m_message.c_str(); }
  int exit_code() const noexcept { return m_exit_code; }

  /// Prepends "CONTEXT: " to the message. For callers that know more than the function that threw.
  void add_context(std::string_view context);

 private:
  std::string m_message;
  int m_exit_code;
};

/// Invalid command line or input; exit status 2.
class UsageError : public Error {
 public:
  explicit UsageError(std::string message) : Error(std::move(message), k_exit_usage) {}
};

/// A system call failed. The message ends with the text of `error_number`.
class SystemError : public Error {
 public:
  explicit SystemError(std::string_view what, int error_number = errno);

  int error_number() const noexcept { return m_error_number; }

 private:
  int m_error_number;
};

/// A REST request failed: answered with a status of 400 or above, or not answered at all (`status` 0).
class ApiError : public Error {
 public:
  ApiError(int status, std::string kind, std::string message, std::string cause = {})
      : Error(std::move(message)), m_status(status), m_kind(std::move(kind)), m_cause(std::move(cause)) {}

  /// HTTP status, or 0 when there was no answer.
  int status() const noexcept { return m_status; }
  /// The server's name for the error: "NotFound", "Conflict", ...; may be empty.
  const std::string& kind() const noexcept { return m_kind; }
  bool unreachable() const noexcept { return m_status == 0; }
  /// Why there was no answer, without the server's name ("connection refused"). Empty if there was one.
  const std::string& cause() const noexcept { return m_cause; }

 private:
  int m_status;
  std::string m_kind;
  std::string m_cause;
};

/// Whether a call failed because the server (or a proxy in front of it) temporarily could not do its work, so that the
/// same call may succeed later: no answer, an overloaded or restarting server, a full disk, a failed login.
bool is_outage(const ApiError& error);

/// The text of an errno value; thread-safe.
std::string errno_text(int error_number);

}  // namespace torc::base
