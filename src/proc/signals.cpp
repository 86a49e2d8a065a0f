#include "torc/proc/signals.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <utility>

#include "torc/base/error.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

sigset_t watched_signals(FurtherSignals further, bool want_hangup) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);  // Ignored; by default, it would end the program.
  if (further == FurtherSignals::request_kill) {
    ::sigaddset(&set, SIGUSR1);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // A blocked signal is delivered to a signalfd even if it is ignored, so ignored signals must not be in the set.
    if (!is_ignored(number) || (number == SIGHUP && want_hangup)) {
      ::sigaddset(&set, number);
    }
  }
  return set;
}

}  // namespace

bool is_ignored(int number) {
  struct sigaction action {};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

StopOnSignal::StopOnSignal(std::function<void(int)> on_first, FurtherSignals further, std::function<void()> on_hangup)
    : m_on_first(std::move(on_first)), m_further(further), m_on_hangup(std::move(on_hangup)) {
  prepare_signals_for_children();  // They must not inherit the signals blocked here.
  const sigset_t set = watched_signals(further, static_cast<bool>(m_on_hangup));
  m_signals.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  m_end.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!m_signals || !m_end) {
    throw base::SystemError("cannot watch signals");
  }
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, &m_mask_before); error != 0) {
    throw base::SystemError("cannot block signals", error);
  }
  m_thread = std::thread([this] { watch(); });
}

StopOnSignal::~StopOnSignal() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(m_end.get(), &one, sizeof one);
  m_thread.join();
  ::pthread_sigmask(SIG_SETMASK, &m_mask_before, nullptr);
}

void StopOnSignal::watch() {
  std::array<pollfd, 2> events{{{m_signals.get(), POLLIN, 0}, {m_end.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(events.data(), events.size(), -1) < 0) {
      continue;
    }
    if (events[1].revents != 0) {
      return;
    }
    signalfd_siginfo info{};
    while (::read(m_signals.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
      take(static_cast<int>(info.ssi_signo));
    }
  }
}

void StopOnSignal::take(int number) {
  if (number == SIGHUP && m_on_hangup) {
    m_on_hangup();
    return;
  }
  if (number == SIGUSR1) {
    m_drain.request_stop();
    return;
  }
  if (number == SIGUSR2) {
    return;
  }
  int none = 0;
  if (!m_signal.compare_exchange_strong(none, number)) {
    if (m_further == FurtherSignals::end_program) {
      ::_exit(128 + number);
    }
    m_kill_now.request_stop();
    return;
  }
  m_source.request_stop();
  if (m_on_first) {
    m_on_first(number);
  }
}

}  // namespace torc::proc
