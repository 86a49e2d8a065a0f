#include "torc/proc/signals.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "torc/base/error.hpp"

namespace torc::proc {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) {
    ::sigaddset(&set, number);
  }
  return set;
}

}  // namespace

StopOnSignal::StopOnSignal(std::function<void(int)> on_first) {
  const sigset_t set = watched_signals();
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    throw base::SystemError("cannot block signals", error);
  }
  m_thread = std::thread([this, set, on_first = std::move(on_first)] {
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
      int none = 0;
      if (!m_signal.compare_exchange_strong(none, number)) {
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
}

}  // namespace torc::proc
