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

/// The forward on one worker: the ssh process that holds it, and what comes after that one. Moved by `turn` alone;
/// nothing blocks.
class TunnelConnection {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param settings  Outlives this.
  TunnelConnection(Worker worker, SshOptions options, const TunnelSettings& settings);

  const Forward& forward() const { return m_forward; }

  /// The caller wants to know how it stands: what is down is tried at once.
  void ask();
  /// Whether that is known: it is up, or has failed since it was asked.
  bool is_settled() const { return m_forward.up || m_settled; }

  /// Whether ssh runs and its forward is not up yet.
  bool is_connecting() const { return m_child.running() && m_phase != Phase::up; }
  /// Whether it has nothing to wait for but a slot.
  bool wants_to_start(Clock::time_point now) const { return !m_child.running() && now >= m_next; }
  /// @param slot  Given back once the forward is up, or ssh has ended.
  void start(Clock::time_point now, SshSlots::Lease slot);

  /// Deals with what has come and with what is due.
  void turn(Clock::time_point now);
  /// Whether `forward` tells another story than at the last call.
  bool take_change() { return std::exchange(m_changed, false); }
  void add_polled(std::vector<pollfd>& polled) const;
  /// When a turn is due though no descriptor says so.
  Clock::time_point due() const;

  /// Tells ssh to end; it is not tried again.
  void terminate();
  bool is_gone() const { return !m_child.running(); }

 private:
  enum class Phase { waiting, releasing, connecting, up };

  void drain();
  void end_flood(Clock::time_point now);
  bool has_said(const char* mark) const;
  void ended(Clock::time_point now, const proc::ExitStatus& status);
  void refused(Clock::time_point now);
  void failed(Clock::time_point now, std::string why);
  bool take_next_port();

  Worker m_worker;
  SshOptions m_options;
  const TunnelSettings& m_settings;
  Forward m_forward;
  Phase m_phase{Phase::waiting};
  SshSlots::Lease m_slot;  ///< Given back after ssh has ended.
  proc::Child m_child;
  base::Fd m_in;
  base::Fd m_out;
  std::string m_output;
  Clock::time_point m_next{};  ///< When to try, while nothing runs.
  Clock::time_point m_deadline{};
  Clock::time_point m_up_since{};
  int m_attempt{0};
  int m_candidate{0};
  bool m_release{false};      ///< Next: end what holds the port there.
  bool m_released{false};     ///< That was done, since it was last up.
  bool m_all_refused{false};  ///< Every port was tried.
  bool m_was_up{false};       ///< Runners know the port: it stays.
  bool m_settled{false};
  bool m_timed_out{false};
  bool m_flooded{false};
  std::size_t m_heard{0};  ///< Bytes since m_heard_since.
  Clock::time_point m_heard_since{};
  bool m_changed{false};
};

}  // namespace torc::remote
