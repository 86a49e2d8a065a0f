#include "torc/proc/process_end.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "proc/system_calls.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::proc {
namespace {

/// Interval between checks of a process that is not a child.
constexpr std::chrono::milliseconds k_poll{100};

/// Waits until a process has ended, without reaping it.
void wait_for_end(pid_t pid, std::uint64_t start) {
  siginfo_t info{};
  int result = 0;
  do {
    result = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  } while (result != 0 && errno == EINTR);
  if (result == 0) {
    return;
  }
  while (start_ticks(pid) == start) {  // Not a child, or a child that has just been reaped.
    std::this_thread::sleep_for(k_poll);
  }
}

base::Fd watch_by_thread(pid_t pid) {
  const std::optional<std::uint64_t> start = start_ticks(pid);
  if (!start) {
    errno = ESRCH;
    return {};
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return {};
  }
  base::Fd read_end{ends[0]};
  base::Fd write_end{ends[1]};
  // Block all signals, which other threads must handle.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = 0;
  try {
    std::thread([pid, start = *start, end = std::move(write_end)] {
      wait_for_end(pid, start);
      // For callers that poll only for POLLIN; the end of the thread closes the pipe.
      [[maybe_unused]] const ssize_t count = ::write(end.get(), "", 1);
    }).detach();
  } catch (const std::system_error& failure) {
    error = failure.code().value();
    read_end.reset();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return read_end;
}

}  // namespace

base::Fd watch_process_end(pid_t pid) {
  base::Fd watch{pidfd_open(pid)};
  // EPERM comes from containers whose system call filter does not know the call.
  if (!watch && (errno == ENOSYS || errno == EPERM)) {
    return watch_by_thread(pid);
  }
  return watch;
}

void signal_process(const base::Fd& watch, pid_t pid, int number) {
  if (pidfd_send_signal(watch.get(), number) != 0 && (errno == ENOSYS || errno == EPERM || errno == EBADF)) {
    ::kill(pid, number);
  }
}

}  // namespace torc::proc
