#include "torc/proc/spawn.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "proc/start_process.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/process_end.hpp"

namespace torc::proc {
namespace {

/// The signal mask that this program was started with; set before main blocks any signal.
sigset_t& original_mask() {
  static sigset_t mask = [] {
    sigset_t current;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &current);
    return current;
  }();
  return mask;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const auto& word : words) {
    if (word.find('\0') != std::string::npos) {
      throw base::Error("cannot execute a program: an argument or environment entry contains a NUL byte");
    }
    result.push_back(const_cast<char*>(word.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

}  // namespace

ExitStatus ExitStatus::from_wait_status(int status) {
  if (WIFSIGNALED(status)) {
    return {.signaled = true, .code = WTERMSIG(status)};
  }
  return {.signaled = false, .code = WEXITSTATUS(status)};
}

Child Child::spawn(const SpawnOptions& options) {
  if (options.argv.empty()) {
    throw base::Error("nothing to execute: the argument list is empty");
  }
  const auto argv = pointers(options.argv);
  const auto env = options.env ? pointers(*options.env) : std::vector<char*>{};
  char* const* const environment = options.env ? env.data() : environ;
  ProcessStart start = start_process(options, argv.data(), environment, original_mask());
  if (start.pid < 0 && options.join_fd >= 0) {
    // Starting the program is more important than the group, and needs less memory without one.
    SpawnOptions alone = options;
    alone.join_fd = -1;
    const int join_error = start.join_error != 0 ? start.join_error : start.error;
    start = start_process(alone, argv.data(), environment, original_mask());
    start.join_error = join_error;
  }
  if (start.pid < 0) {
    throw base::SystemError("cannot execute " + options.argv.front(), start.error);
  }
  return watched(start.pid, options, start.join_error);
}

Child Child::watched(pid_t pid, const SpawnOptions& options, int join_error) {
  base::Fd end = watch_process_end(pid);
  const int watch_error = errno;
  Child child{pid, std::move(end), options.new_session || options.new_group, join_error};
  if (!child.m_end) {
    // Its end would go unnoticed. The destructor kills the child.
    throw base::SystemError("cannot watch " + options.argv.front(), watch_error);
  }
  return child;
}

Child::Child(pid_t pid, base::Fd end, bool leads_group, int join_error) noexcept
    : m_pid(pid), m_end(std::move(end)), m_leads_group(leads_group), m_join_error(join_error) {}

Child::Child(Child&& other) noexcept
    : m_pid(std::exchange(other.m_pid, -1)),
      m_end(std::move(other.m_end)),
      m_leads_group(other.m_leads_group),
      m_join_error(other.m_join_error) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    m_pid = std::exchange(other.m_pid, -1);
    m_end = std::move(other.m_end);
    m_leads_group = other.m_leads_group;
    m_join_error = other.m_join_error;
  }
  return *this;
}

Child::~Child() {
  end();
}

void Child::end() noexcept {
  if (m_pid > 0) {
    signal(SIGKILL);
    int status = 0;
    while (::waitpid(m_pid, &status, 0) < 0 && errno == EINTR) {
    }
    m_pid = -1;
  }
}

ExitStatus Child::wait() {
  if (!running()) {
    throw base::Error("there is no child process to wait for");
  }
  int status = 0;
  while (::waitpid(m_pid, &status, 0) < 0) {
    if (errno != EINTR) {
      throw base::SystemError("cannot wait for a child process");
    }
  }
  m_pid = -1;
  m_end.reset();
  return ExitStatus::from_wait_status(status);
}

std::optional<ExitStatus> Child::try_wait() {
  if (!running()) {
    return std::nullopt;  // waitpid(-1) would reap any child.
  }
  int status = 0;
  const pid_t ended = ::waitpid(m_pid, &status, WNOHANG);
  if (ended <= 0) {
    return std::nullopt;
  }
  m_pid = -1;
  m_end.reset();
  return ExitStatus::from_wait_status(status);
}

void Child::signal(int number) const noexcept {
  if (m_pid > 0) {
    ::kill(m_leads_group ? -m_pid : m_pid, number);
  }
}

void prepare_signals_for_children() {
  original_mask();
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace torc::proc
