#pragma once

#include <chrono>
#include <cstddef>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// `Transport::run` for a call that others wait for: also that this machine cannot make it at all becomes a value, with
/// the reason in `err`. Whatever the dialogue's `answer` throws as a base::Error becomes one as well.
proc::CommandResult run_or_explain(Transport& transport, const Worker& worker, const ScriptCall& call);

/// How much longer the last of so many calls may take, as connections are kept apart.
std::chrono::seconds delay_of_all(const Transport& transport, std::size_t calls);

}  // namespace torc::remote
