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

/// Passes output of jobs and of commands on workers on to standard output or error: as bytes to a file or pipe, in
/// printable form (base::printable) to a terminal, which would act upon escapes. One object for each stream, so that a
/// character may be cut anywhere.
///
/// Thread-safety: one thread at a time.
class TerminalWriter {
 public:
  /// @param fd   Borrowed; STDOUT_FILENO or STDERR_FILENO.
  /// @param raw  The user wants the bytes on a terminal, too (--raw).
  TerminalWriter(int fd, bool raw);
  TerminalWriter(const TerminalWriter&) = delete;
  TerminalWriter& operator=(const TerminalWriter&) = delete;
  /// Finishes; what cannot be written then is lost.
  ~TerminalWriter();

  /// @throws WriteError if the descriptor cannot be written to
  void write(std::string_view bytes);
  /// Writes what was held back, as the beginning of a character; the stream is over.
  /// @throws WriteError as `write` does
  void finish();
  /// Whether bytes pass as they are.
  bool is_raw() const { return m_raw; }

 private:
  void pass_on(std::string_view bytes);

  int m_fd;
  bool m_raw;
  base::PrintableStream m_stream;
};

}  // namespace torc::cli
