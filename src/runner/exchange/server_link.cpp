#include "runner/exchange/server_link.hpp"

#include <algorithm>

namespace torc::runner {

bool may_pass(const base::ApiError& error) {
  return is_outage(error) || error.status() >= 500;
}

ServerLink::Clock::time_point ServerLink::next_change() const {
  return std::min(m_next_try, m_away_since.value_or(m_next_try) + m_timeout);
}

void ServerLink::answered() {
  m_away_since.reset();
  m_failures = 0;
}

void ServerLink::failed(Clock::time_point now, double jitter) {
  constexpr std::chrono::milliseconds k_first{100};
  constexpr std::chrono::milliseconds k_longest{5'000};
  if (!m_away_since) {
    m_away_since = now;
  }
  const auto doubled = std::min(k_longest, k_first * (1 << std::min(m_failures, 10)));
  const double pause_ms = static_cast<double>(doubled.count()) * jitter;
  m_next_try = now + std::chrono::milliseconds(static_cast<std::int64_t>(pause_ms));
  ++m_failures;
}

}  // namespace torc::runner
