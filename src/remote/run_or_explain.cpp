#include "remote/run_or_explain.hpp"

#include "torc/base/error.hpp"

namespace torc::remote {

proc::CommandResult run_or_explain(Transport& transport, const Worker& worker, const ScriptCall& call) {
  try {
    return transport.run(worker.address, call);
  } catch (const base::Error& error) {
    proc::CommandResult result;
    result.err = error.what();
    return result;
  }
}

}  // namespace torc::remote
