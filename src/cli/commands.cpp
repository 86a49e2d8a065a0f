#include "cli/commands.hpp"

#include <string>

#include "cli/parser/command_line.hpp"

namespace torc::cli {
namespace {

/// @param examples  Shown at the end of the group's help.
Command add_group(Command app, const char* name, const char* description, const std::string& examples) {
  // At most one, or `remote add-workers 1 run` would take a host named "run" for a second command.
  return app.subcommand(name, description).require_subcommand(0, 1).footer("Examples:\n" + examples);
}

/// A command of the interface that is yet to come: understood, refused.
void add_later(Command app, Action& chosen, const char* name) {
  const Command command = app.subcommand(name).group("").allow_extras().fallthrough(false);
  command.callback([name, &chosen] {
    chosen = [name](CommandContext&) -> int {
      throw base::UsageError(std::string("'torc ") + name +
                             "' is not there yet; 'torc run' runs jobs on this machine, "
                             "'torc remote run' on machines that ssh reaches");
    };
  });
}

// Of each group its commands, one a line.

void add_server(Command app, Action& chosen) {
  const Command group = add_group(app, "server", "The server that keeps workflows",
                                  "  torc server run --database ~/torc.db\n"
                                  "  torc server htpasswd users alice\n"
                                  "  torc server backup torc-backup.db --database ~/torc.db\n"
                                  "  torc server check --database ~/torc.db\n");
  add_server_run(group, chosen);
  add_server_htpasswd(group, chosen);
  add_server_backup(group, chosen);
  add_server_check(group, chosen);
}

void add_workflows(Command app, Action& chosen) {
  const Command group = add_group(app, "workflows", "List, show and set up workflows",
                                  "  torc workflows list\n"
                                  "  torc workflows reset-status 42 --failed-only\n");
  add_workflows_list(group, chosen);
  add_workflows_get(group, chosen);
  add_workflows_init(group, chosen);
  add_workflows_reset_status(group, chosen);
  add_workflows_sync_status(group, chosen);
}

void add_jobs(Command app, Action& chosen) {
  const Command group =
      add_group(app, "jobs", "List and show the jobs of a workflow", "  torc jobs list 42 --status failed\n");
  add_jobs_list(group, chosen);
  add_jobs_get(group, chosen);
}

void add_results(Command app, Action& chosen) {
  const Command group = add_group(app, "results", "How jobs ended", "  torc results list 42 --failed\n");
  add_results_list(group, chosen);
}

void add_compute_nodes(Command app, Action& chosen) {
  const Command group = add_group(app, "compute-nodes", "The runners of a workflow", "  torc compute-nodes list 42\n");
  add_compute_nodes_list(group, chosen);
}

void add_remote(Command app, Action& chosen) {
  const Command group = add_group(app, "remote", "Run workflows on machines that ssh reaches",
                                  "  torc remote add-workers 42 ws1 alice@ws2:2222\n"
                                  "  torc remote run 42\n"
                                  "  torc remote status 42\n"
                                  "  torc remote collect-logs 42 -l logs\n");
  add_remote_add_workers(group, chosen);
  add_remote_add_workers_from_file(group, chosen);
  add_remote_remove_worker(group, chosen);
  add_remote_list_workers(group, chosen);
  add_remote_install(group, chosen);
  add_remote_run(group, chosen);
  add_remote_status(group, chosen);
  add_remote_watch(group, chosen);
  add_remote_tunnel(group, chosen);
  add_remote_stop(group, chosen);
  add_remote_collect_logs(group, chosen);
  add_remote_delete_logs(group, chosen);
  add_remote_exec(group, chosen);
}

}  // namespace

void add_commands(Command app, Action& chosen) {
  app.require_subcommand(0, 1);
  add_create(app, chosen);
  add_run(app, chosen);
  add_exec(app, chosen);
  add_status(app, chosen);
  add_cancel(app, chosen);
  add_delete(app, chosen);
  add_workflows(app, chosen);
  add_jobs(app, chosen);
  add_results(app, chosen);
  add_logs(app, chosen);
  add_compute_nodes(app, chosen);
  add_remote(app, chosen);
  add_server(app, chosen);
  add_plot_resources(app, chosen);
  add_ping(app, chosen);
  add_worker_probe(app, chosen);
  add_later(app, chosen, "slurm");
  add_later(app, chosen, "submit");
}

}  // namespace torc::cli
