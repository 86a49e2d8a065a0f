// Theory of operation: one shell, in its own session, makes the ssh calls and outlives this program. It reads its
// script from a file in memory, so that the script may have any length and does not appear in an argument list.

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

constexpr int k_seconds_of_a_call = 10;

/// A line that no script contains.
constexpr const char* k_end_of_script = "end-of-the-script-that-torc-sends";

std::string shell_words(const std::vector<std::string>& words) {
  std::string line;
  for (const auto& word : words) {
    line += " " + base::shell_quote(word);
  }
  return line;
}

base::Fd file_in_memory(const std::string& content) {
  base::Fd file(::memfd_create("torc", MFD_CLOEXEC));
  if (!file) {
    throw base::SystemError("cannot create a file in memory");
  }
  base::write_all(file.get(), content);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) {
    throw base::SystemError("cannot rewind a file in memory");
  }
  return file;
}

}  // namespace

void Transport::run_in_background(const std::vector<BackgroundCall>& calls) {
  for (const auto& call : calls) {
    run(call.worker, {.script = call.script});
  }
}

void SshTransport::run_in_background(const std::vector<BackgroundCall>& calls) {
  // The end of the shell is not observed, so its slots are held as long as this transport exists: these calls are the
  // last thing that a stopped command does.
  auto& slots = *m_options.slots;
  m_background = slots.take(slots.count(), {});
  const std::size_t width = m_background.count();
  // The shell reads the whole function before it runs it in the background, and can then exit.
  std::string script = "calls() {\n";
  for (std::size_t i = 0; i < calls.size(); ++i) {
    script += fmt::format("timeout {}{} >/dev/null 2>&1 <<'{}' &\n{}\n{}\n", k_seconds_of_a_call,
                          shell_words(ssh_command(m_options, calls[i].worker)), k_end_of_script, calls[i].script,
                          k_end_of_script);
    if ((i + 1) % width == 0) {
      script += "wait\n";
    }
  }
  script += "wait\n}\ncalls </dev/null &\n";
  const base::Fd input = file_in_memory(script);
  proc::SpawnOptions options;
  options.argv = {"sh", "-s"};
  options.stdin_fd = input.get();
  options.new_session = true;
  proc::Child::spawn(options).wait();
}

}  // namespace torc::remote
