#include "remote/ssh/run_or_explain.hpp"

#include <cstdint>

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

std::chrono::seconds delay_of_all(const Transport& transport, std::size_t calls) {
  return std::chrono::ceil<std::chrono::seconds>(transport.connect_delay() * static_cast<std::int64_t>(calls));
}

}  // namespace torc::remote
