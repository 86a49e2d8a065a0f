#pragma once

#include <string>
#include <vector>

#include "cli/remote_support.hpp"
#include "torc/remote/install.hpp"

namespace torc::cli {

/// What `torc remote install` and `run --install` do alike.
struct InstallRequest {
  remote::WorkflowRef workflow{};
  std::string prefix{"~/.local"};
  bool force{false};
};

/// --prefix, checked.
void add_prefix_option(Command command, std::string& prefix);

/// Copies this very program to the workers that need it, and prints a line for each.
std::vector<remote::InstallResult> install_torc(const InstallRequest& request,
                                                const std::vector<remote::Worker>& workers, const SshSettings& ssh,
                                                Services& services);

}  // namespace torc::cli
