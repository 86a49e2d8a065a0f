#pragma once

#include <poll.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/proc/command.hpp"
#include "torc/proc/spawn.hpp"
#include "torc/remote/tunnel.hpp"

namespace torc::remote {

/// The forward to one worker: the ssh process that holds it, and the attempts to restore it. `turn` drives it; nothing
/// blocks.
class TunnelConnection {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param settings  Must outlive this object.
  TunnelConnection(Worker worker, SshOptions options, const TunnelSettings& settings);

  const Forward& forward() const { return m_forward; }

  /// Requests the forward's state: if it is down, it is retried at once.
  void ask();
  /// Whether the state is known: the forward is up, or has failed since `ask`.
  bool is_settled() const { return m_forward.up || m_settled; }

  /// Whether ssh runs but the forward is not up yet.
  bool is_connecting() const { return m_child.running() && m_phase != Phase::up; }
  /// Whether only a slot is missing to start.
  bool wants_to_start(Clock::time_point now) const { return !m_child.running() && now >= m_next; }
  /// @param slot  Released once the forward is up, or ssh has ended.
  void start(Clock::time_point now, SshSlots::Lease slot);

  /// Processes output, process ends and deadlines.
  void turn(Clock::time_point now);
  /// Whether `forward` has changed since the last call.
  bool take_change() { return std::exchange(m_changed, false); }
  void add_polled(std::vector<pollfd>& polled) const;
  /// When to call `turn` even if no descriptor is ready.
  Clock::time_point due() const;

  /// Ends ssh; the connection is not retried.
  void terminate();
  bool is_gone() const { return !m_child.running(); }

 private:
  enum class Phase { waiting, releasing, connecting, up };

  void drain();
  void end_flood(Clock::time_point now);
  bool has_printed(const char* mark) const;
  void ended(Clock::time_point now, const proc::ExitStatus& status);
  void refused(Clock::time_point now);
  void failed(Clock::time_point now, std::string why);
  bool take_next_port();

  Worker m_worker;
  SshOptions m_options;
  const TunnelSettings& m_settings;
  Forward m_forward;
  Phase m_phase{Phase::waiting};
  SshSlots::Lease m_slot;  ///< Empty once the forward is up or ssh has ended.
  proc::Child m_child;
  base::Fd m_in;
  base::Fd m_out;
  std::string m_output;
  Clock::time_point m_next{};  ///< Time of the next attempt, while ssh does not run.
  Clock::time_point m_deadline{};
  Clock::time_point m_up_since{};
  int m_attempt{0};
  int m_candidate{0};
  bool m_release{false};      ///< The next ssh ends the old connection that holds the port on the worker.
  bool m_released{false};     ///< That has been done since the forward was last up.
  bool m_all_refused{false};  ///< All candidate ports were refused.
  bool m_was_up{false};       ///< Runners know the port, so it must not change.
  bool m_settled{false};
  bool m_timed_out{false};
  bool m_flooded{false};
  std::size_t m_received{0};  ///< Bytes received since m_received_since.
  Clock::time_point m_received_since{};
  bool m_changed{false};
};

}  // namespace torc::remote
