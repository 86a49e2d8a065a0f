#include "cli/commands.hpp"

#include <utility>

#include "cli/options/global_options.hpp"

namespace torc::cli {
namespace {

CommandInfo program(GlobalOptions& options) {
  return {
      .path = "",
      .summary = "Run thousands of jobs on the machines you have",
      .options = global_options(options),
      .examples = {
          {.comment = "Start a server on this machine", .command = "torc server run --database ~/torc.db --daemon"},
          {.comment = "Create a workflow from a file", .command = "torc create sweep.yaml"},
          {.comment = "Run its jobs on this machine", .command = "torc run 1"},
          {.comment = "Run its jobs on other machines over ssh", .command = "torc remote run 1 --workers hosts.txt"},
          {.comment = "Show its progress", .command = "torc status 1"},
          {.comment = "Create and run a workflow without a server", .command = "torc -s run sweep.yaml"},
          {.comment = "Run commands without a workflow file", .command = "torc -s exec -j 8 -C commands.txt"}}};
}

CommandInfo group(std::string path, std::string summary, std::vector<Example> examples) {
  return {.path = std::move(path), .summary = std::move(summary), .examples = std::move(examples)};
}

/// A command of torc 0.23 that this program does not have yet.
CommandInfo missing_command(const std::string& path) {
  return {.path = path,
          .summary = "Not available yet",
          .hidden = true,
          .any_words = true,
          .run = [path](CommandContext&) -> int {
            throw base::UsageError("'torc " + path +
                                   "' is not available yet; 'torc run' runs jobs on this machine, 'torc remote run' "
                                   "runs them on other machines over ssh");
          }};
}

}  // namespace

CommandTable all_commands(GlobalOptions& options) {
  return {
      program(options),
      create_command(),
      run_command(),
      exec_command(),
      status_command(),
      cancel_command(),
      delete_command(),
      group("workflows", "List, show, initialize and reset workflows",
            {{.command = "torc workflows list"}, {.command = "torc workflows reset-status 42 --failed-only"}}),
      workflows_list_command(),
      workflows_get_command(),
      workflows_is_complete_command(),
      workflows_init_command(),
      workflows_reset_status_command(),
      workflows_sync_status_command(),
      group("jobs", "List and show the jobs of a workflow", {{.command = "torc jobs list 42 --status failed"}}),
      jobs_list_command(),
      jobs_get_command(),
      group("results", "List the results of jobs", {{.command = "torc results list 42 --failed"}}),
      results_list_command(),
      logs_command(),
      logs_bundle_command(),
      logs_analyze_command(),
      group("compute-nodes", "List the runners of a workflow", {{.command = "torc compute-nodes list 42"}}),
      compute_nodes_list_command(),
      group("remote", "Run workflows on other machines over ssh",
            {{.command = "torc remote add-workers 42 ws1 alice@ws2:2222"},
             {.command = "torc remote run 42"},
             {.command = "torc remote status 42"},
             {.command = "torc remote collect-logs 42 -l logs"}}),
      remote_add_workers_command(),
      remote_add_workers_from_file_command(),
      remote_remove_worker_command(),
      remote_list_workers_command(),
      remote_install_command(),
      remote_run_command(),
      remote_status_command(),
      remote_watch_command(),
      remote_tunnel_command(),
      remote_stop_command(),
      remote_collect_logs_command(),
      remote_delete_logs_command(),
      remote_exec_command(),
      group("server", "Run the server and maintain its database",
            {{.command = "torc server run --database ~/torc.db"},
             {.command = "torc server htpasswd users alice"},
             {.command = "torc server backup torc-backup.db --database ~/torc.db"},
             {.command = "torc server check --database ~/torc.db"}}),
      server_run_command(),
      server_htpasswd_command(),
      server_backup_command(),
      server_check_command(),
      group("htpasswd", "Manage the users of a server's password file (also called torc-htpasswd)",
            {{.command = "torc htpasswd add --file /etc/torc/users alice"},
             {.command = "torc htpasswd list --file /etc/torc/users"}}),
      htpasswd_add_command(options),
      htpasswd_hash_command(),
      htpasswd_remove_command(options),
      htpasswd_list_command(),
      htpasswd_verify_command(),
      plot_resources_command(),
      ping_command(),
      version_command(),
      help_command(),
      worker_probe_command(),
      missing_command("slurm"),
      missing_command("submit"),
  };
}

const std::vector<Suggestion>& command_suggestions() {
  static const std::vector<Suggestion> suggestions{
      {"add", {"create", "remote add-workers"}},
      {"cat", {"logs"}},
      {"get", {"workflows get", "jobs get"}},
      {"info", {"status"}},
      {"kill", {"cancel", "remote stop --force"}},
      {"list", {"workflows list", "jobs list"}},
      {"log", {"logs"}},
      {"ls", {"workflows list", "jobs list"}},
      {"new", {"create"}},
      {"nodes", {"compute-nodes list"}},
      {"plot", {"plot-resources"}},
      {"ps", {"status"}},
      {"remove", {"delete"}},
      {"rerun", {"workflows reset-status --failed-only --reinitialize"}},
      {"reset", {"workflows reset-status"}},
      {"restart", {"workflows reset-status --failed-only --reinitialize"}},
      {"resume", {"workflows reset-status --failed-only --reinitialize"}},
      {"retry", {"workflows reset-status --failed-only --reinitialize"}},
      {"rm", {"delete"}},
      {"sbatch", {"create", "remote run"}},
      {"scancel", {"cancel"}},
      {"serve", {"server run"}},
      {"show", {"workflows get", "jobs get"}},
      {"sinfo", {"remote status"}},
      {"squeue", {"jobs list"}},
      {"ssh", {"remote exec"}},
      {"start", {"run", "remote run"}},
      {"stop", {"remote stop", "cancel"}},
      {"tail", {"logs --follow"}},
      {"top", {"remote watch"}},
      {"workers", {"remote list-workers"}},
      {"compute-nodes ls", {"compute-nodes list"}},
      {"jobs cancel", {"cancel"}},
      {"jobs log", {"logs"}},
      {"jobs logs", {"logs"}},
      {"jobs ls", {"jobs list"}},
      {"jobs show", {"jobs get"}},
      {"jobs status", {"jobs list"}},
      {"remote add", {"remote add-workers"}},
      {"remote kill", {"remote stop --force"}},
      {"remote list", {"remote list-workers"}},
      {"remote logs", {"remote collect-logs", "logs"}},
      {"remote ls", {"remote list-workers"}},
      {"remote ps", {"remote status"}},
      {"remote remove", {"remote remove-worker"}},
      {"remote rm", {"remote remove-worker"}},
      {"remote start", {"remote run"}},
      {"results get", {"results list"}},
      {"results ls", {"results list"}},
      {"server start", {"server run"}},
      {"workflows cancel", {"cancel"}},
      {"workflows create", {"create"}},
      {"workflows delete", {"delete"}},
      {"workflows ls", {"workflows list"}},
      {"workflows new", {"create"}},
      {"workflows reset", {"workflows reset-status"}},
      {"workflows restart", {"workflows reset-status --failed-only --reinitialize"}},
      {"workflows resume", {"workflows reset-status --failed-only --reinitialize"}},
      {"workflows run", {"run", "remote run"}},
      {"workflows show", {"workflows get"}},
      {"workflows start", {"run", "remote run"}},
      {"workflows status", {"status"}},
      {"workflows stop", {"remote stop", "cancel"}},
  };
  return suggestions;
}

}  // namespace torc::cli
