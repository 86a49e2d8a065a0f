#include "runner/jobs/start_policy.hpp"

#include <cerrno>

#include "runner/jobs/job_process.hpp"

namespace torc::runner {

StartPolicy::Verdict StartPolicy::record_failure(const base::Error& error, bool any_running) {
  const auto* system = dynamic_cast<const base::SystemError*>(&error);
  m_is_short = system != nullptr && is_shortage(*system) && any_running;
  if (m_is_short) {
    return Verdict::wait;
  }
  // A command line that is too long for any machine says nothing about this one.
  const bool is_commands_fault = system != nullptr && system->error_number() == E2BIG;
  if (!is_commands_fault && ++m_failures >= k_max_failures) {
    m_is_unfit = true;
  }
  return Verdict::fail;
}

}  // namespace torc::runner
