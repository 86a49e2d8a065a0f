#pragma once

#include <signal.h>

#include <atomic>
#include <functional>
#include <stop_token>
#include <thread>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// Whether this process ignores the signal, for instance because it was started so.
bool is_ignored(int number);

/// What the signals after the first one do, once a stop is under way.
enum class FurtherSignals {
  end_program,   ///< At once, with status 128 + N; children are left alone.
  request_kill,  ///< Request a kill: for a stop that is bounded in time, and must not be cut short.
};

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request for as long as it lives: the first one requests the stop,
/// FurtherSignals says what the others do.
///
/// Made in the main thread before other threads start: it blocks the signals there until the end of its life, and a
/// thread of its own takes them from a signalfd(2), so no code runs in a signal handler, and a stop reaches also a
/// thread that waits for the server. Signals that this program was
/// started to ignore stay ignored (nohup, a background job of a script).
class StopOnSignal {
 public:
  /// @param on_first   Called once, from the signal thread, with the signal's number.
  /// @param on_hangup  Where given, SIGHUP calls it from the signal thread and requests no stop; also where the program
  ///                   was started to ignore SIGHUP. It throws nothing.
  explicit StopOnSignal(std::function<void(int)> on_first = {}, FurtherSignals further = FurtherSignals::end_program,
                        std::function<void()> on_hangup = {});
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  ~StopOnSignal();

  std::stop_token token() const { return m_source.get_token(); }
  /// Requested by SIGUSR1, with FurtherSignals::request_kill; without it, SIGUSR1 is left alone.
  std::stop_token drain() const { return m_drain.get_token(); }
  /// Requested by a second signal, with FurtherSignals::request_kill.
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
  base::Fd m_end;  ///< Readable: the thread is to end.
  std::stop_source m_source;
  std::stop_source m_kill_now;
  std::stop_source m_drain;
  std::atomic<int> m_signal{0};
  std::thread m_thread;
};

}  // namespace torc::proc
