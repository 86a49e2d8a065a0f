#include "torc/proc/signals.hpp"

#include <pthread.h>
#include <unistd.h>

#include "torc/base/error.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

sigset_t watched_signals(FurtherSignals further, bool want_hangup) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGUSR2);
  if (further == FurtherSignals::hasten) {
    ::sigaddset(&set, SIGUSR1);
  }
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    // A blocked signal is delivered to sigwait even where it is ignored, so it must not be waited for.
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

StopOnSignal::StopOnSignal(std::function<void(int)> on_first, FurtherSignals further, std::function<void()> on_hangup) {
  prepare_signals_for_children();  // They must not inherit what is blocked here.
  const sigset_t set = watched_signals(further, static_cast<bool>(on_hangup));
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, &m_mask_before); error != 0) {
    throw base::SystemError("cannot block signals", error);
  }
  m_thread = std::thread([this, set, further, on_first = std::move(on_first), on_hangup = std::move(on_hangup)] {
    for (;;) {
      int number = 0;
      if (::sigwait(&set, &number) != 0) {
        continue;
      }
      // SIGUSR2 is how the destructor ends this thread; sent by somebody else it means nothing.
      if (number == SIGUSR2) {
        if (m_ending) {
          return;
        }
        continue;
      }
      if (number == SIGHUP && on_hangup) {
        on_hangup();
        continue;
      }
      if (number == SIGUSR1) {
        m_drain.request_stop();
        continue;
      }
      int none = 0;
      if (!m_signal.compare_exchange_strong(none, number)) {
        if (further == FurtherSignals::hasten) {
          m_haste.request_stop();
          continue;
        }
        ::_exit(128 + number);
      }
      m_source.request_stop();
      if (on_first) {
        on_first(number);
      }
    }
  });
}

StopOnSignal::~StopOnSignal() {
  m_ending = true;
  ::pthread_kill(m_thread.native_handle(), SIGUSR2);
  m_thread.join();
  ::pthread_sigmask(SIG_SETMASK, &m_mask_before, nullptr);
}

}  // namespace torc::proc
