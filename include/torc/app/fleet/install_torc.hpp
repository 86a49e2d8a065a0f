#pragma once

#include <stop_token>
#include <string>

#include "torc/app/fleet/fleet.hpp"
#include "torc/remote/install.hpp"

namespace torc::app {

class Reporter;

struct InstallOptions {
  std::string prefix{"~/.local"};
  /// Directory of portable programs; empty: lib/torc beside the directory of this program.
  std::string binary_dir{};
  bool force{false};  ///< Also to workers that have this version.
};

/// Copies this program, or a portable one where it does not start, to the workers that need it, and reports the result
/// of each.
/// @throws base::UsageError if `binary_dir` has no portable program; base::SystemError if a program cannot be read
Outcomes<remote::InstallResult> install_torc(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                             const InstallOptions& options, const remote::SshOptions& ssh,
                                             Reporter& reporter, const std::stop_token& stop);

}  // namespace torc::app
