#include "cli/print/terminal.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

/// Reads byte by byte, so that input after the line stays unread, for the next question or another program.
std::optional<std::string> read_line(int fd) {
  std::string line;
  for (;;) {
    char byte = 0;
    const ssize_t count = ::read(fd, &byte, 1);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count <= 0) {
      return line.empty() ? std::nullopt : std::optional(line);
    }
    if (byte == '\n') {
      return line;
    }
    line += byte;
  }
}

/// Disables the terminal's echo during its lifetime.
class NoEcho {
 public:
  explicit NoEcho(int fd) : m_fd(fd) {
    m_known = ::tcgetattr(fd, &m_before) == 0;
    if (m_known) {
      termios quiet = m_before;
      quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      ::tcsetattr(fd, TCSAFLUSH, &quiet);
    }
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;
  ~NoEcho() {
    if (m_known) {
      ::tcsetattr(m_fd, TCSAFLUSH, &m_before);
    }
  }

 private:
  int m_fd;
  bool m_known{false};
  termios m_before{};
};

}  // namespace

bool can_ask() {
  return ::isatty(STDIN_FILENO) == 1;
}

std::optional<std::string> ask_line(const std::string& prompt) {
  base::write_all(STDERR_FILENO, base::printable(prompt));
  return read_line(STDIN_FILENO);
}

bool ask_yes_no(const std::string& question) {
  for (;;) {
    const auto answer = ask_line(question + " [y/N] ");
    const std::string word = base::to_lower(base::trim(answer.value_or("")));
    if (word.empty() || word == "n" || word == "no") {
      return false;
    }
    if (word == "y" || word == "yes") {
      return true;
    }
  }
}

std::string ask_password(const std::string& prompt) {
  const base::Fd terminal{::open("/dev/tty", O_RDWR | O_CLOEXEC)};
  if (!terminal) {
    throw base::UsageError("cannot ask for a password without a terminal; set TORC_PASSWORD instead");
  }
  std::optional<std::string> password;
  {
    // Before the prompt, because disabling the echo discards input that was typed before.
    const NoEcho quiet(terminal.get());
    base::write_all(terminal.get(), base::printable(prompt));
    password = read_line(terminal.get());
  }
  base::write_all(terminal.get(), "\n");
  return password.value_or("");
}

}  // namespace torc::cli
