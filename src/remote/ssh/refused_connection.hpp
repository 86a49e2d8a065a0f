#pragma once

#include <chrono>

#include "torc/proc/command.hpp"

namespace torc::remote {

/// Whether sshd closed the connection of an ssh or scp call before the login, as it does with too many simultaneous
/// connections (MaxStartups, PerSourcePenalties), so that nothing can have run on the worker. Any other message, for
/// instance about a jump host that is down, means another failure.
bool is_refused_connection(const proc::CommandResult& result);

/// How long to wait before retrying a refused connection.
/// @param refusals  Number of refusals so far, at least 1.
/// @param jitter  0.5 to 1, so that connections refused at the same time are not retried at the same time.
std::chrono::milliseconds refusal_pause(int refusals, double jitter);

/// A connection that was refused this many times is not retried.
inline constexpr int k_max_refusals = 6;

}  // namespace torc::remote
