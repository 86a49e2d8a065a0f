#pragma once

#include <chrono>
#include <cstddef>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// `Transport::run` for a call that other threads wait for: if this machine cannot make the call at all, or the
/// dialogue's `answer` throws a base::Error, the result is a failure with the reason in `err` instead of an exception.
proc::CommandResult run_or_explain(Transport& transport, const Worker& worker, const ScriptCall& call);

/// How much longer the last of `calls` calls may take because of the delay between connections.
std::chrono::seconds delay_of_all(const Transport& transport, std::size_t calls);

}  // namespace torc::remote
