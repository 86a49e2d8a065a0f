#pragma once

#include "torc/app/fleet/add_workers.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// The common part of `torc remote add-workers` and `add-workers-from-file`. @returns the exit status
int add_workers(const app::AddRequest& request, const remote::SshOptions& ssh, CommandContext& context);

}  // namespace torc::cli
