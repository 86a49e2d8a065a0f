#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace torc::server {

/// Determines when to search for silent compute nodes. Pure state that reads no clock. Nodes do not count as silent for
/// time during which the server could not receive heartbeats, because it did not run or was suspended.
class NodeWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param timeout  The silence after which a node is lost; 0: never.
  NodeWatch(std::chrono::milliseconds timeout, Clock::time_point now)
      : m_timeout(timeout), m_interval(std::min<Clock::duration>(timeout / 6, std::chrono::seconds(1))), m_last(now) {}

  std::chrono::milliseconds timeout() const { return m_timeout; }

  /// When the next search is due, or nothing if there is none.
  std::optional<Clock::time_point> due() const {
    return m_timeout.count() > 0 ? std::optional(m_last + m_interval) : std::nullopt;
  }

  enum class Finding {
    not_yet,
    silent,    ///< Nodes that are silent since `now - timeout` are lost.
    was_away,  ///< The last search is too long ago: all nodes must be treated as just seen.
  };
  /// Call this at the latest when a search is due.
  Finding poll(Clock::time_point now) {
    if (!due() || now < *due()) {
      return Finding::not_yet;
    }
    // Nodes send three heartbeats within the timeout, so a live node is heard from in the remaining time.
    const bool was_away = now - m_last > m_timeout / 2;
    m_last = now;
    return was_away ? Finding::was_away : Finding::silent;
  }

 private:
  std::chrono::milliseconds m_timeout;
  Clock::duration m_interval;
  Clock::time_point m_last;
};

}  // namespace torc::server
