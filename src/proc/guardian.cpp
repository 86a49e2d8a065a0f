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

constexpr std::array<int, 7> k_handed_on{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP};

/// A run that is over by then is not worth making this process small for.
constexpr timespec k_short_run{.tv_sec = 1, .tv_nsec = 0};

/// Of this process, for its whole life; set while there is one thread.
pid_t g_guardian = 0;

/// A blocked signal is taken even where it is ignored: those that are, stay so.
sigset_t signals_to_take() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGCHLD);
  for (const int number : k_handed_on) {
    if (!is_ignored(number)) {
      ::sigaddset(&set, number);
    }
  }
  return set;
}

/// Ctrl-Z: the program stops, and so does this one, until the shell lets it go on.
void suspend(pid_t child) {
  ::kill(child, SIGSTOP);
  ::raise(SIGSTOP);
  ::kill(child, SIGCONT);
}

/// Reaps what has ended, also of those below whose parent is gone: one child's signal may stand for several.
/// @returns the exit status that stands for how the child ended; nothing while it runs
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
  // What the program has open is the child's: who waits for its end must not wait for this process.
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

/// The child's side.
void be_guarded(pid_t guardian, const sigset_t& mask) {
  ::setpgid(0, 0);
  // A line about progress must not stop it, though its group is not the terminal's.
  ::signal(SIGTTOU, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (::getppid() != guardian) {
    ::raise(SIGTERM);  // It was gone before it could be told of.
  }
}

/// The children of this process are not concerned: execve makes a program dumpable again.
void hide_from_own_user() {
  if (::getenv("TORC_JOB_ID") == nullptr) {
    ::prctl(PR_SET_DUMPABLE, 0);
  }
}

}  // namespace

void split_off_guardian() {
  hide_from_own_user();
  prepare_signals_for_children();  // What is blocked here is not for them.
  become_subreaper();
  // Where it is ignored, the kernel forgets how children ended.
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
    throw base::SystemError("cannot make a process for the runner", error);
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
