#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>

namespace torc::base {

/// Exit statuses of the program; scripts rely on them.
inline constexpr int k_exit_ok = 0;
inline constexpr int k_exit_failure = 1;  ///< Something failed, if only for some of the workers.
inline constexpr int k_exit_usage = 2;    ///< The command line was wrong; nothing was done.

/// What ends a command. The message names the thing, the cause and the way out, and holds no secret.
class Error : public std::runtime_error {
 public:
  explicit Error(std::string message, int exit_code = k_exit_failure);

  const char* what() const noexcept override { return m_message.c_str(); }
  int exit_code() const noexcept { return m_exit_code; }

  /// Puts "CONTEXT: " before the message; for a layer that knows more than the one that threw.
  void add_context(std::string_view context);

 private:
  std::string m_message;
  int m_exit_code;
};

/// The user's command line or input on a prompt was wrong; exit status 2.
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
  /// The server's word for it: "NotFound", "Conflict", ...; may be empty.
  const std::string& kind() const noexcept { return m_kind; }
  bool unreachable() const noexcept { return m_status == 0; }
  /// Why there was no answer, without the server's name ("connection refused"); empty where there was one.
  const std::string& cause() const noexcept { return m_cause; }

 private:
  int m_status;
  std::string m_kind;
  std::string m_cause;
};

/// Whether a call failed because the server (or what lies before it) could not do its work for now, so that the same
/// call may succeed later: no answer, an overloaded or restarting server, a full disk, a failed log-in.
bool is_outage(const ApiError& error);

/// The text of an errno value; thread-safe.
std::string errno_text(int error_number);

}  // namespace torc::base
