#pragma once

#include <chrono>

#include "torc/proc/command.hpp"

namespace torc::remote {

/// Whether sshd closed the connection of an ssh or scp call before anybody could log in, as it does when too many come
/// at once (MaxStartups, PerSourcePenalties): nothing can have run on the worker then. Whatever else stands in its
/// messages, a jump host that is down for instance, makes it another failure.
bool is_refused_connection(const proc::CommandResult& result);

/// How long to wait before a refused connection is made again.
/// @param refusals  So many so far, from 1 on.
/// @param jitter  0.5 to 1, so that those who were refused together do not come back together.
std::chrono::milliseconds refusal_pause(int refusals, double jitter);

/// A connection that was refused so often is not made again.
inline constexpr int k_most_refusals = 6;

}  // namespace torc::remote
