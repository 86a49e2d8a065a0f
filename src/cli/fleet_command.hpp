#pragma once

#include <optional>
#include <string>

#include "cli/options/ssh_options.hpp"
#include "cli/print/fleet_report.hpp"
#include "torc/app/fleet/fleet.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// The first steps of the commands about a workflow's workers: check the directory on the workers, determine the
/// workflow, and load the workers selected with --host.
/// @param operation  Called with the fleet if the workflow has workers; returns the exit status.
/// @returns the exit status
template <typename Operation>
int with_fleet(CommandContext& context, const std::optional<model::Id>& workflow_id,
               const std::optional<std::string>& directory, const SshSettings& ssh, Operation&& operation) {
  if (directory) {
    remote::check_remote_directory(*directory);
  }
  const app::Fleet fleet = app::load_fleet(context.api(), context.workflow_id(workflow_id), ssh.hosts);
  if (fleet.workers.empty()) {
    return fail_without_workers(context.output(), fleet.workflow_id, "Use 'torc remote add-workers' first.");
  }
  return operation(fleet);
}

}  // namespace torc::cli
