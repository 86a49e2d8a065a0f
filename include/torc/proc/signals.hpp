#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// Whether this process ignores the signal, for instance because its parent did.
bool is_ignored(int number);

/// What further signals do after the first one has requested a stop.
enum class FurtherSignals {
  end_program,   ///< End the program at once, with status 128 + N; children keep running.
  request_kill,  ///< Request a kill: for a stop that takes limited time and must not be interrupted.
};

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request during its lifetime: the first signal requests the stop, and
/// FurtherSignals says what further ones do.
///
/// Create it in the main thread before other threads start, because it blocks the signals there until its destruction.
/// A separate thread reads them from a signalfd(2), so no code runs in signal handlers, and a stop also reaches threads
/// that wait for the server. Signals that this program was started to ignore stay ignored (nohup, background jobs of a
/// script).
class StopOnSignal {
 public:
  /// @param on_first   Called once, from the signal thread, with the signal's number.
  /// @param on_hangup  If given, SIGHUP calls it from the signal thread instead of requesting a stop, even if the
  /// program was started to ignore SIGHUP. Must not throw.
  explicit StopOnSignal(std::function<void(int)> on_first = {}, FurtherSignals further = FurtherSignals::end_program,
                        std::function<void()> on_hangup = {});
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  ~StopOnSignal();

  std::stop_token token() const { return m_source.get_token(); }
  /// Requested by SIGUSR1 with FurtherSignals::request_kill; otherwise SIGUSR1 is not handled.
  std::stop_token drain() const { return m_drain.get_token(); }
  /// Requested by a second signal with FurtherSignals::request_kill.
  std::stop_token kill_now() const { return m_kill_now.get_token(); }
  /// The signal that requested the stop, or 0.
  int signal() const { return m_signal; }

 private:
  void watch();
  void take(int number);

  std::function<void(int)> m_on_first;
  FurtherSignals m_further;
  std::function<void()> m_on_hangup;
  sigset_t m_mask_before{};
  base::Fd m_signals;
  base::Fd m_end;  ///< Becomes readable when the thread must end.
  std::stop_source m_source;
  std::stop_source m_kill_now;
  std::stop_source m_drain;
  std::atomic<int> m_signal{0};
  std::thread m_thread;
};

}  // namespace torc::proc
