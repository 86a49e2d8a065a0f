#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

namespace torc::server {

/// When to look for compute nodes that are silent, and since when they must have been. Pure state: reads no clock. A
/// server that could not hear (it was not running, or was suspended) holds nobody's silence against them.
class NodeWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param timeout  Of silence; 0: there is nothing to look for.
  NodeWatch(std::chrono::milliseconds timeout, Clock::time_point now)
      : m_timeout(timeout), m_interval(std::min<Clock::duration>(timeout / 6, std::chrono::seconds(1))), m_last(now) {}

  std::chrono::milliseconds timeout() const { return m_timeout; }

  /// When the next look is due; nothing where none ever is.
  std::optional<Clock::time_point> due() const {
    return m_timeout.count() > 0 ? std::optional(m_last + m_interval) : std::nullopt;
  }

  enum class Finding {
    not_yet,
    silent,    ///< For nodes that are silent since `now - timeout`.
    was_away,  ///< The last look is too long ago: nodes have to count as heard of now.
  };
  /// To be called at least when a look is due.
  Finding poll(Clock::time_point now) {
    if (!due() || now < *due()) {
      return Finding::not_yet;
    }
    // Nodes give a sign of life three times in the time they have: one that lives is heard of before the rest is over.
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
