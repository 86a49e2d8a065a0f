#pragma once

#include <string_view>

#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"

namespace torc::cli {

/// Standard output or error cannot be written to. The message names the stream.
class WriteError : public base::SystemError {
 public:
  using base::SystemError::SystemError;

  /// The reader has closed the pipe, as `head` does: not an error of the command.
  bool is_closed_pipe() const noexcept;
};

/// Writes output of jobs and of commands on workers to standard output or error: unchanged to a file or pipe, in
/// printable form (base::printable) to a terminal, which would interpret escape sequences. Use one object per stream,
/// since a character may be split between two writes.
///
/// Not thread-safe.
class TerminalWriter {
 public:
  /// @param fd   Borrowed; STDOUT_FILENO or STDERR_FILENO.
  /// @param raw  Write unchanged bytes to a terminal, too (--raw).
  TerminalWriter(int fd, bool raw);
  TerminalWriter(const TerminalWriter&) = delete;
  TerminalWriter& operator=(const TerminalWriter&) = delete;
  /// Calls `finish`, ignoring errors.
  ~TerminalWriter();

  /// @throws WriteError if the descriptor cannot be written to
  void write(std::string_view bytes);
  /// Writes a pending incomplete character; call this at the end of the stream.
  /// @throws WriteError as `write` does
  void finish();
  /// Whether bytes are written unchanged.
  bool is_raw() const { return m_raw; }

 private:
  void pass_on(std::string_view bytes);

  int m_fd;
  bool m_raw;
  base::PrintableStream m_stream;
};

}  // namespace torc::cli
