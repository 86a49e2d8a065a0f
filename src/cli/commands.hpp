#pragma once

#include <vector>

#include "cli/parser/command_info.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// The program and all its commands.
/// @param options  Parsing writes the global options there; must outlive the table.
CommandTable all_commands(GlobalOptions& options);

/// What to suggest for words that are not commands.
const std::vector<Suggestion>& command_suggestions();

// One per command. The path of a command is the path of its file: 'torc remote run' is src/cli/commands/remote/run.cpp.
CommandInfo cancel_command();
CommandInfo compute_nodes_list_command();
CommandInfo create_command();
CommandInfo delete_command();
CommandInfo exec_command();
CommandInfo help_command();
CommandInfo htpasswd_add_command(GlobalOptions& global);
CommandInfo htpasswd_hash_command();
CommandInfo htpasswd_list_command();
CommandInfo htpasswd_remove_command(GlobalOptions& global);
CommandInfo htpasswd_verify_command();
CommandInfo jobs_get_command();
CommandInfo jobs_list_command();
CommandInfo logs_analyze_command();
CommandInfo logs_bundle_command();
CommandInfo logs_command();
CommandInfo ping_command();
CommandInfo plot_resources_command();
CommandInfo remote_add_workers_command();
CommandInfo remote_add_workers_from_file_command();
CommandInfo remote_collect_logs_command();
CommandInfo remote_delete_logs_command();
CommandInfo remote_exec_command();
CommandInfo remote_install_command();
CommandInfo remote_list_workers_command();
CommandInfo remote_remove_worker_command();
CommandInfo remote_run_command();
CommandInfo remote_status_command();
CommandInfo remote_stop_command();
CommandInfo remote_tunnel_command();
CommandInfo remote_watch_command();
CommandInfo results_list_command();
CommandInfo run_command();
CommandInfo server_backup_command();
CommandInfo server_check_command();
CommandInfo server_htpasswd_command();
CommandInfo server_run_command();
CommandInfo status_command();
CommandInfo version_command();
CommandInfo worker_probe_command();
CommandInfo workflows_get_command();
CommandInfo workflows_init_command();
CommandInfo workflows_is_complete_command();
CommandInfo workflows_list_command();
CommandInfo workflows_reset_status_command();
CommandInfo workflows_sync_status_command();

}  // namespace torc::cli
