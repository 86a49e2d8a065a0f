#pragma once

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// `Transport::run` for a call that others wait for: also that this machine cannot make it at all becomes a value, with
/// the reason in `err`. Whatever the dialogue's `answer` throws as a base::Error becomes one as well.
proc::CommandResult run_or_explain(Transport& transport, const Worker& worker, const ScriptCall& call);

}  // namespace torc::remote
