#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "runner/exchange/call_limits.hpp"
#include "runner/exchange/server_link.hpp"
#include "torc/client/api.hpp"

namespace torc::runner {

/// Repeats the final calls of a runner, which no later turn of the loop would repeat. One thread.
class CallRetries {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param kill_now  When requested, only one more second is spent on a server that does not answer.
  CallRetries(client::Api& api, CallLimits& limits, ServerLink& link, std::stop_token kill_now)
      : m_api(api), m_limits(limits), m_link(link), m_kill_now(std::move(kill_now)) {}

  /// Makes the call and repeats it until the server answers or `until` is reached.
  /// @throws base::ApiError the error of the last attempt
  void retry_until(Clock::time_point until, const std::function<void()>& call);

 private:
  client::Api& m_api;
  CallLimits& m_limits;
  ServerLink& m_link;
  const std::stop_token m_kill_now;
};

}  // namespace torc::runner
