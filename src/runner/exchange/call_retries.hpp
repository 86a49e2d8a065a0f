#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "runner/exchange/call_limits.hpp"
#include "runner/exchange/server_link.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// Repeats the last calls of a runner, which have no later turn to be made in. One thread.
class CallRetries {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param hurry  Requested: only one more second is spent on a server that does not answer.
  CallRetries(client::Api& api, CallLimits& limits, ServerLink& link, std::stop_token hurry)
      : m_api(api), m_limits(limits), m_link(link), m_hurry(std::move(hurry)) {}

  /// Makes the call, and makes it again as long as the server does not answer and `until` is not reached.
  /// @throws base::ApiError what the last try threw
  void retry_until(Clock::time_point until, const std::function<void()>& call);

 private:
  client::Api& m_api;
  CallLimits& m_limits;
  ServerLink& m_link;
  const std::stop_token m_hurry;
};

}  // namespace torc::runner
