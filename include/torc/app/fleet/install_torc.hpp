#pragma once

#include <stop_token>
#include <string>

#include "torc/app/fleet/fleet.hpp"
#include "torc/remote/install.hpp"

namespace torc::app {

class Reporter;

struct InstallOptions {
  std::string prefix{"~/.local"};
  bool force{false};  ///< Also to workers that have this version.
};

/// Copies this program to the workers that need it, and reports the result of each.
/// @throws base::SystemError if the program cannot be read
Outcomes<remote::InstallResult> install_torc(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                             const InstallOptions& options, const remote::SshOptions& ssh,
                                             Reporter& reporter, const std::stop_token& stop);

}  // namespace torc::app
