#include "torc/proc/guardian.hpp"

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>

#include "proc/system_calls.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/file_pages.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/process_tree_guard.hpp"
#include "torc/proc/signals.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

constexpr std::array<int, 7> k_forwarded{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP};

/// Reduce the memory of this process only after this time, because it is not worthwhile for short runs.
constexpr timespec k_short_run{.tv_sec = 1, .tv_nsec = 0};

/// Guardian of this process; set once, while there is only one thread.
pid_t g_guardian = 0;

/// Without ignored signals, because sigwait(3) would take them if they were blocked.
sigset_t signals_to_take() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  for (const int number : k_forwarded) {
    if (!is_ignored(number)) {
      ::sigaddset(&set, number);
    }
  }
  return set;
}

/// Ctrl-Z: stops the program and this process until the shell continues it.
void suspend(pid_t child) {
  ::kill(child, SIGSTOP);
  ::raise(SIGSTOP);
  ::kill(child, SIGCONT);
}

/// Reaps all ended children, including adopted orphans, because one SIGCHLD may stand for several ends.
/// @returns the exit status that corresponds to the child's end; no value while it runs
std::optional<int> return_code_if_ended(pid_t child) {
  std::optional<int> code;
  int status = 0;
  for (pid_t ended; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    if (ended == child) {
      code = ExitStatus::from_wait_status(status).return_code();
    }
  }
  return code;
}

[[noreturn]] void guard(pid_t child, const sigset_t& set) {
  // Close the program's descriptors, which the child needs: the other ends of pipes must not wait for this process.
  close_from(STDERR_FILENO + 1);
  bool is_small = false;
  for (;;) {
    const int number = is_small ? ::sigwaitinfo(&set, nullptr) : ::sigtimedwait(&set, nullptr, &k_short_run);
    if (number < 0) {
      if (errno == EAGAIN) {
        drop_file_pages();
        is_small = true;
      }
      continue;
    }
    if (number == SIGTSTP) {
      suspend(child);
    } else if (number != SIGCHLD) {
      ::kill(child, number);
    }
    if (const auto status = return_code_if_ended(child)) {
      end_processes_below();
      ::_exit(*status);
    }
  }
}

/// Sets up the child.
void be_guarded(pid_t guardian, const sigset_t& mask) {
  ::setpgid(0, 0);
  // Writing progress lines must not stop the child, whose group is not that of the terminal.
  ::signal(SIGTTOU, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (::getppid() != guardian) {
    ::raise(SIGTERM);  // The guardian died before PR_SET_PDEATHSIG was set.
  }
}

/// Does not affect children, because execve makes a process dumpable again.
void hide_from_own_user() {
  if (::getenv("TORC_JOB_ID") == nullptr) {
    ::prctl(PR_SET_DUMPABLE, 0);
  }
}

}  // namespace

void split_off_guardian() {
  hide_from_own_user();
  prepare_signals_for_children();  // They must not inherit the signals blocked here.
  become_subreaper();
  // If SIGCHLD is ignored, the kernel discards the exit statuses of children.
  ::signal(SIGCHLD, SIG_DFL);
  const sigset_t set = signals_to_take();
  sigset_t before;
  if (::sigprocmask(SIG_BLOCK, &set, &before) != 0) {
    throw base::SystemError("cannot block signals");
  }
  const pid_t own = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) {
    const int error = errno;
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
    throw base::SystemError("cannot create a process for the runner", error);
  }
  if (child == 0) {
    g_guardian = own;
    be_guarded(own, before);
    return;
  }
  ::setpgid(child, child);
  guard(child, set);
}

pid_t guardian() {
  return g_guardian > 0 && ::getppid() == g_guardian ? g_guardian : 0;
}

}  // namespace torc::proc
