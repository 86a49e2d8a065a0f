#include "cli/terminal_writer.hpp"

#include <unistd.h>

#include "cli/command_line.hpp"
#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"

namespace torc::cli {

TerminalWriter::TerminalWriter(int fd, bool raw) : m_fd(fd), m_raw(raw || ::isatty(fd) == 0) {}

TerminalWriter::~TerminalWriter() {
  try {
    finish();
  } catch (const base::SystemError&) {
    // Who wants to know calls `finish`.
  }
}

void TerminalWriter::write(std::string_view bytes) {
  if (m_raw) {
    base::write_all(m_fd, bytes);
  } else {
    base::write_all(m_fd, m_stream.add(bytes));
  }
}

void TerminalWriter::finish() {
  base::write_all(m_fd, m_stream.finish());
}

void add_raw_option(Command command, bool& raw) {
  command.flag("--raw", raw, "Show output as it is on a terminal, too; escapes in it act upon the terminal");
}

}  // namespace torc::cli
