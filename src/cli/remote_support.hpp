#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/cli/command.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

// What the commands of `torc remote` share.

namespace torc::cli {

/// How the workers are reached: options that each of these commands has.
struct SshSettings {
  std::size_t max_parallel{10};
  std::vector<std::string> options{};  ///< "K=V" each
  std::vector<std::string> hosts{};    ///< Patterns of --host; none: all workers.
  double limit_seconds{60};            ///< Hidden: a whole call.
  double connect_delay_seconds{0};
  std::shared_ptr<remote::ConnectPace> pace{std::make_shared<remote::ConnectPace>()};
};

/// --max-parallel-ssh, --connect-delay, --ssh-option and the hidden --ssh-limit.
void add_ssh_options(Command command, SshSettings& settings);

/// --host, for the commands that may act on some of the workers.
void add_host_option(Command command, SshSettings& settings);

/// -x, --exclude, for the commands that read worker files.
void add_exclude_option(Command command, std::vector<std::string>& patterns);

/// Those that a pattern matches, as a shell would: the host, or the whole address as it is stored; with '@' in front,
/// one of the worker's groups. All where there are no patterns.
/// @throws base::Error for a pattern that matches none
std::vector<remote::Worker> choose_workers(std::vector<remote::Worker> workers,
                                           const std::vector<std::string>& patterns);

/// Programs from TORC_SSH and TORC_SCP, the rest from the options. Calls end when the user interrupts.
remote::SshOptions make_ssh_options(const SshSettings& settings);
remote::SshTransport make_transport(const SshSettings& settings, Services& services);

remote::WorkflowRef workflow_ref(client::Api& api, model::Id workflow_id);
/// The workers of a workflow that --host names; names and keys are those that they have among all of them.
/// @throws base::Error for a pattern that matches none
std::vector<remote::Worker> stored_workers(client::Api& api, model::Id workflow_id,
                                           const std::vector<std::string>& hosts);

/// Prints a message that must stand on standard error as it is (scripts know it), or as an error's JSON.
/// @returns the exit status
int fail_with(const Output& output, const std::string& message);

/// There are no workers: what to do about it.
/// @returns the exit status
int fail_without_workers(const Output& output, model::Id workflow_id, const char* way_out);

/// One element of "workers" in `-f json`: {"worker", "host", "ok"}; the caller adds what applies.
nlohmann::json worker_json(const remote::Worker& worker, bool ok);
/// {"workflow_id", "ok": how many, "total", "workers"}
nlohmann::json remote_document(model::Id workflow_id, nlohmann::json workers);

/// Lines "  NAME: MESSAGE" below a heading.
std::string problem_list(const std::string& heading, const std::vector<std::string>& lines);

/// The heading and lines of "SSH connectivity check failed for N worker(s):".
std::string connectivity_error(const std::vector<std::pair<std::string, std::string>>& name_and_reason);

/// The workers of a worker file but those that a pattern matches.
/// @throws base::Error with "Error parsing worker file: ..."'s second half
std::vector<model::WorkerEntry> read_worker_file(const std::string& path, const std::vector<std::string>& exclude);

/// Refuses names of one list that differ in case or a final dot only, if ssh connects to the same host and port for both
/// (`ssh -G`), or cannot be asked.
/// @throws base::Error "Duplicate host ..."
void refuse_same_hosts(const std::vector<model::WorkerEntry>& entries, const SshSettings& settings);

/// A worker of a file as the server is to keep it.
model::RemoteWorker stored_form(const model::WorkerEntry& entry);
/// Says so where the server keeps addresses only, and there is more to keep. @param consequence  Said behind it.
void note_lost_settings(const std::vector<model::WorkerEntry>& entries, Services& services, const char* consequence);
/// A workflow's workers with their settings. One whose stored address is none is among them: ssh is never started for it,
/// and each command says why.
std::vector<remote::Worker> make_workers(const std::vector<model::RemoteWorker>& stored);

/// Adds workers to a workflow: `torc remote add-workers` and `add-workers-from-file`.
struct AddWorkers {
  model::Id workflow_id{0};
  std::vector<model::WorkerEntry> workers{};
  bool keep_settings{false};  ///< They are from a worker file, which has the say about settings.
  bool skip_ssh_check{false};
  SshSettings ssh{};
};
/// @returns the exit status
int add_workers(const AddWorkers& request, Services& services);

}  // namespace torc::cli
