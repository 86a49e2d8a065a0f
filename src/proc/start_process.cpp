// Between fork and execve, the child of a program with threads may only call functions that are safe in signal
// handlers. After vfork, it also shares this program's memory, and must not change anything in it but its own stack
// frames; therefore all memory is allocated before. The child reports through a pipe that closes when the program is
// executed: a number for the attempt to join a cgroup, if it has one to join, and another number if the program cannot
// be executed.

#include "proc/start_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "proc/program_path.hpp"
#include "proc/system_calls.hpp"
#include "torc/base/fd.hpp"
#include "torc/proc/open_files.hpp"

namespace torc::proc {
namespace {

constexpr int k_first_free = STDERR_FILENO + 1;
/// The code that shells use for a program that cannot be executed. Nothing evaluates it here.
constexpr int k_not_executed = 127;

struct Plan {
  const SpawnOptions& options;
  std::vector<std::string> programs;  ///< Paths to try.
  char* const* argv;
  char* const* env;
  sigset_t mask;
  int report_fd;
  pid_t parent{::getpid()};
};

/// @returns 0, or an errno value
int join(int fd) {
  std::array<char, 16> text{};
  std::size_t begin = text.size();
  for (pid_t rest = ::getpid(); rest > 0; rest /= 10) {
    text[--begin] = static_cast<char>('0' + rest % 10);
  }
  const std::size_t size = text.size() - begin;
  return ::write(fd, text.data() + begin, size) == static_cast<ssize_t>(size) ? 0 : errno;
}

void report(int fd, int number) {
  // The write is small enough to be atomic; errors are ignored, because a dead parent needs no report.
  static_cast<void>(!::write(fd, &number, sizeof number));
}

/// Duplicates the descriptor, or one for /dev/null, to a number above the standard descriptors.
int copy_of(int fd, int flags) {
  const int open = fd >= 0 ? fd : ::open("/dev/null", flags | O_CLOEXEC);
  return open < 0 ? -1 : ::fcntl(open, F_DUPFD_CLOEXEC, k_first_free);
}

bool place_descriptors(const SpawnOptions& options) {
  const int in = copy_of(options.stdin_fd, O_RDONLY);
  const int out = copy_of(options.stdout_fd, O_WRONLY);
  const int err = copy_of(options.stderr_fd, O_WRONLY);
  return in >= 0 && out >= 0 && err >= 0 && ::dup2(in, STDIN_FILENO) >= 0 && ::dup2(out, STDOUT_FILENO) >= 0 &&
         ::dup2(err, STDERR_FILENO) >= 0;
}

void reset_signals(const sigset_t& mask) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < _NSIG; ++number) {
    ::sigaction(number, &action, nullptr);  // Fails only for signals that always have their defaults.
  }
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
}

/// Tries to execute the programs one after the other. @returns the reason of the failure as an errno value
int execute(const Plan& plan) {
  int error = ENOENT;
  for (const auto& program : plan.programs) {
    ::execve(program.c_str(), plan.argv, plan.env);
    if (errno == EACCES) {
      error = EACCES;  // Another path may work; if none does, this error is more informative.
    } else if (errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV && errno != ETIMEDOUT) {
      return errno;
    }
  }
  return error;
}

/// The signal is only sent if the parent is still alive at this moment, so check that.
void follow_parent(const Plan& plan) {
  if (plan.options.death_signal == 0) {
    return;
  }
  ::prctl(PR_SET_PDEATHSIG, plan.options.death_signal);
  if (::getppid() != plan.parent) {
    ::_exit(k_not_executed);
  }
}

[[noreturn]] void be_child(const Plan& plan) {
  follow_parent(plan);
  if (plan.options.join_fd >= 0) {
    report(plan.report_fd, join(plan.options.join_fd));
  }
  if (plan.options.new_session) {
    ::setsid();
  } else if (plan.options.new_group) {
    ::setpgid(0, 0);
  }
  const char* const directory = plan.options.directory.c_str();
  if (!place_descriptors(plan.options) || (*directory != '\0' && ::chdir(directory) != 0)) {
    report(plan.report_fd, errno);
    ::_exit(k_not_executed);
  }
  // Move the pipe to a number that stays open.
  int report_fd = plan.report_fd;
  if (report_fd != k_first_free && ::dup3(report_fd, k_first_free, O_CLOEXEC) >= 0) {
    report_fd = k_first_free;
  }
  close_from(k_first_free + 1);  // Descriptors that libraries opened without close-on-exec must not leak into jobs.
  restore_open_files();
  reset_signals(plan.mask);
  report(report_fd, execute(plan));
  ::_exit(k_not_executed);
}

/// @returns whether a number was received
bool read_report(int fd, int& number) {
  ssize_t count = 0;
  do {
    count = ::read(fd, &number, sizeof number);
  } while (count < 0 && errno == EINTR);
  return count == static_cast<ssize_t>(sizeof number);
}

/// Creates a pipe whose write end is above the standard descriptors, which the child replaces.
bool make_pipe(base::Fd& read_end, base::Fd& write_end) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return false;
  }
  read_end.reset(ends[0]);
  write_end.reset(ends[1]);
  if (write_end.get() < k_first_free) {
    write_end.reset(::fcntl(write_end.get(), F_DUPFD_CLOEXEC, k_first_free));
  }
  return static_cast<bool>(write_end);
}

}  // namespace

ProcessStart start_process(const SpawnOptions& options, char* const* argv, char* const* env, const sigset_t& mask) {
  base::Fd read_end;
  base::Fd write_end;
  if (!make_pipe(read_end, write_end)) {
    return {.error = errno};
  }
  const Plan plan{.options = options,
                  .programs = paths_of_program(options.argv.front()),
                  .argv = argv,
                  .env = env,
                  .mask = mask,
                  .report_fd = write_end.get()};
  // Block all signals, so that no handler of this program runs in the child.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = options.join_fd >= 0 ? ::fork() : ::vfork();
  if (pid == 0) {
    be_child(plan);
  }
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) {
    return {.error = fork_error};
  }
  write_end.reset();
  ProcessStart start{.pid = pid};
  if (options.join_fd >= 0) {
    read_report(read_end.get(), start.join_error);
  }
  if (read_report(read_end.get(), start.error)) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    start.pid = -1;
  }
  return start;
}

}  // namespace torc::proc
