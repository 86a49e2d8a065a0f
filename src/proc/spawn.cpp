#include "torc/proc/spawn.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "proc/forked_start.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/open_files.hpp"

namespace torc::proc {
namespace {

/// Owns what posix_spawn needs beside the program. Not movable: the C structures may point into themselves.
class SpawnAttributes {
 public:
  SpawnAttributes() {
    ::posix_spawn_file_actions_init(&m_actions);
    ::posix_spawnattr_init(&m_attributes);
  }
  SpawnAttributes(const SpawnAttributes&) = delete;
  SpawnAttributes& operator=(const SpawnAttributes&) = delete;
  ~SpawnAttributes() {
    ::posix_spawnattr_destroy(&m_attributes);
    ::posix_spawn_file_actions_destroy(&m_actions);
  }

  posix_spawn_file_actions_t* actions() { return &m_actions; }
  posix_spawnattr_t* attributes() { return &m_attributes; }

 private:
  posix_spawn_file_actions_t m_actions{};
  posix_spawnattr_t m_attributes{};
};

void check(int error_number, const char* what) {
  if (error_number != 0) {
    throw base::SystemError(what, error_number);
  }
}

/// The mask this program was started with; set before main blocks anything.
sigset_t& original_mask() {
  static sigset_t mask = [] {
    sigset_t current;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &current);
    return current;
  }();
  return mask;
}

/// Places `fd`, or /dev/null where there is none, as the child's descriptor `target`.
/// @returns what must live until the child is started
base::Fd place(SpawnAttributes& spawn, int fd, int target, int open_flags) {
  if (fd < 0) {
    check(::posix_spawn_file_actions_addopen(spawn.actions(), target, "/dev/null", open_flags, 0), "posix_spawn");
    return {};
  }
  base::Fd moved;
  if (fd <= STDERR_FILENO && fd != target) {
    // Placing the one before may overwrite it ("2>&1 1>&2"): a copy out of the way is what gets placed.
    moved.reset(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!moved) {
      throw base::SystemError("cannot copy a descriptor");
    }
    fd = moved.get();
  }
  // adddup2 clears close-on-exec, also where both numbers are equal (POSIX.1-2024, and glibc since 2.29).
  check(::posix_spawn_file_actions_adddup2(spawn.actions(), fd, target), "posix_spawn");
  return moved;
}

void prepare(SpawnAttributes& spawn, const SpawnOptions& options) {
  if (!options.directory.empty()) {
    check(::posix_spawn_file_actions_addchdir_np(spawn.actions(), options.directory.c_str()), "posix_spawn");
  }
  // What libraries opened without close-on-exec must not leak into jobs.
  check(::posix_spawn_file_actions_addclosefrom_np(spawn.actions(), STDERR_FILENO + 1), "posix_spawn");

  short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
  if (options.new_session) {
    flags |= POSIX_SPAWN_SETSID;
  } else if (options.new_group) {
    flags |= POSIX_SPAWN_SETPGROUP;
    check(::posix_spawnattr_setpgroup(spawn.attributes(), 0), "posix_spawn");
  }
  sigset_t all;
  ::sigfillset(&all);
  check(::posix_spawnattr_setsigdefault(spawn.attributes(), &all), "posix_spawn");
  check(::posix_spawnattr_setsigmask(spawn.attributes(), &original_mask()), "posix_spawn");
  check(::posix_spawnattr_setflags(spawn.attributes(), flags), "posix_spawn");
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const auto& word : words) {
    if (word.find('\0') != std::string::npos) {
      throw base::Error("cannot execute a program: an argument or environment entry holds a NUL byte");
    }
    result.push_back(const_cast<char*>(word.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

pid_t spawn_by_posix(const SpawnOptions& options, char* const* argv, char* const* env) {
  SpawnAttributes spawn;
  const base::Fd in = place(spawn, options.stdin_fd, STDIN_FILENO, O_RDONLY);
  const base::Fd out = place(spawn, options.stdout_fd, STDOUT_FILENO, O_WRONLY);
  const base::Fd err = place(spawn, options.stderr_fd, STDERR_FILENO, O_WRONLY);
  prepare(spawn, options);
  pid_t pid = -1;
  const int error_number = ::posix_spawnp(&pid, argv[0], spawn.actions(), spawn.attributes(), argv, env);
  if (error_number != 0) {
    throw base::SystemError("cannot execute " + options.argv.front(), error_number);
  }
  // posix_spawn cannot do it in the child; the program has hardly begun to load its libraries.
  restore_open_files(pid);
  return pid;
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
  if (options.join_fd < 0) {
    return watched(spawn_by_posix(options, argv.data(), environment), options);
  }
  const ForkedStart start = fork_and_execute(options, argv.data(), environment, original_mask());
  if (start.error != 0) {
    throw base::SystemError("cannot execute " + options.argv.front(), start.error);
  }
  if (start.pid < 0) {  // The group is less important than the program.
    return watched(spawn_by_posix(options, argv.data(), environment), options, start.join_error);
  }
  return watched(start.pid, options, start.join_error);
}

Child Child::watched(pid_t pid, const SpawnOptions& options, int join_error) {
  // A plain system call: glibc 2.36 has a wrapper, but no header of an older kernel need know it.
  base::Fd pidfd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  const int pidfd_error = errno;
  Child child{pid, std::move(pidfd), options.new_session || options.new_group, join_error};
  if (!child.m_pidfd) {
    // Nobody would learn of its end. The child is killed by its destructor.
    throw base::SystemError("cannot watch " + options.argv.front(), pidfd_error);
  }
  return child;
}

Child::Child(pid_t pid, base::Fd pidfd, bool leads_group, int join_error) noexcept
    : m_pid(pid), m_pidfd(std::move(pidfd)), m_leads_group(leads_group), m_join_error(join_error) {}

Child::Child(Child&& other) noexcept
    : m_pid(std::exchange(other.m_pid, -1)),
      m_pidfd(std::move(other.m_pidfd)),
      m_leads_group(other.m_leads_group),
      m_join_error(other.m_join_error) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    m_pid = std::exchange(other.m_pid, -1);
    m_pidfd = std::move(other.m_pidfd);
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
  m_pidfd.reset();
  return ExitStatus::from_wait_status(status);
}

std::optional<ExitStatus> Child::try_wait() {
  if (!running()) {
    return std::nullopt;  // waitpid(-1) would reap anybody's child
  }
  int status = 0;
  const pid_t ended = ::waitpid(m_pid, &status, WNOHANG);
  if (ended <= 0) {
    return std::nullopt;
  }
  m_pid = -1;
  m_pidfd.reset();
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
}

}  // namespace torc::proc
