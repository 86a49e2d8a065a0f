#pragma once

#include <chrono>
#include <optional>

#include "torc/base/error.hpp"

namespace torc::runner {

/// Whether the error may be temporary: an outage or a server error (torc 0.23 answers 500 both for a busy database and
/// for refusals).
bool may_pass(const base::ApiError& error);

/// Tracks whether the server answers, and when to call it again. Pure state: makes no calls, reads no clock.
class ServerLink {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param timeout  How long the server may be away before `gone` is true.
  explicit ServerLink(std::chrono::milliseconds timeout) : m_timeout(timeout) {}

  bool away() const { return m_away_since.has_value(); }
  /// Whether a call is worth trying at `now`.
  bool may_try(Clock::time_point now) const { return !away() || now >= m_next_try; }
  /// When `may_try` or `gone` becomes true next. Only valid while `away`.
  Clock::time_point next_change() const;
  bool gone(Clock::time_point now) const { return away() && now - *m_away_since >= m_timeout; }

  /// A call was answered.
  void answered();
  /// A call was not answered; the pause before the next one doubles from 0.1 s up to 5 s.
  /// @param jitter  0.5 to 1, so that the runners of a server do not all come back at the same time
  void failed(Clock::time_point now, double jitter);

 private:
  std::chrono::milliseconds m_timeout;
  std::optional<Clock::time_point> m_away_since;
  Clock::time_point m_next_try{};
  int m_failures{0};
};

}  // namespace torc::runner
