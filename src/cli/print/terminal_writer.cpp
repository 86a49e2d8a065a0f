#include "cli/print/terminal_writer.hpp"

#include <unistd.h>

#include <cerrno>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"

namespace torc::cli {

bool WriteError::is_closed_pipe() const noexcept {
  return error_number() == EPIPE;
}

TerminalWriter::TerminalWriter(int fd, bool raw) : m_fd(fd), m_raw(raw || ::isatty(fd) == 0) {}

TerminalWriter::~TerminalWriter() {
  try {
    finish();
  } catch (const base::SystemError&) {
    // Callers that need the error call `finish`.
  }
}

void TerminalWriter::write(std::string_view bytes) {
  if (m_raw) {
    pass_on(bytes);
  } else {
    pass_on(m_stream.add(bytes));
  }
}

void TerminalWriter::finish() {
  pass_on(m_stream.finish());
}

void TerminalWriter::pass_on(std::string_view bytes) {
  try {
    base::write_all(m_fd, bytes);
  } catch (const base::SystemError& error) {
    throw WriteError(m_fd == STDOUT_FILENO ? "cannot write to standard output" : "cannot write to standard error",
                     error.error_number());
  }
}

}  // namespace torc::cli
