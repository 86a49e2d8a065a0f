#pragma once

#include <chrono>
#include <optional>

#include "torc/base/error.hpp"

namespace torc::runner {

/// An outage, or a server error that may be one: torc 0.23 answers 500 for a busy database and for refusals alike.
bool may_pass(const base::ApiError& error);

/// Knows whether the server answers, and when to try again. Pure state: does no calls, reads no clock.
class ServerLink {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param patience  How long the server may be away before it counts as gone for good.
  explicit ServerLink(std::chrono::milliseconds patience) : m_patience(patience) {}

  bool away() const { return m_away_since.has_value(); }
  /// Whether a call is worth trying at `now`.
  bool may_try(Clock::time_point now) const { return !away() || now >= m_next_try; }
  /// When `may_try` becomes true, or when the patience is at its end; while `away` only.
  Clock::time_point next_change() const;
  bool gone(Clock::time_point now) const { return away() && now - *m_away_since >= m_patience; }

  /// A call was answered.
  void answered();
  /// A call was not answered; the pause before the next doubles from 0.1 s to 5 s.
  /// @param jitter  0.5 to 1, so that the many runners of a server do not come back at once
  void failed(Clock::time_point now, double jitter);

 private:
  std::chrono::milliseconds m_patience;
  std::optional<Clock::time_point> m_away_since;
  Clock::time_point m_next_try{};
  int m_failures{0};
};

}  // namespace torc::runner
