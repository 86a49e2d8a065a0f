#include "cli/remote_support.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "cli/parser/command_line.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/remote/start.hpp"

namespace torc::cli {
namespace {

std::string check_ssh_option(const std::string& text) {
  const auto equals = text.find('=');
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool good = equals != std::string::npos && equals > 0 &&
                    std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(equals), is_letter);
  return good ? "" : "'" + base::printable_line(text) + "' is not of the form KEY=VALUE (see ssh_config(5))";
}

bool matches_worker(const std::string& pattern, const std::string& host, const std::string& address,
                    const model::WorkerSettings& settings) {
  if (pattern.starts_with('@')) {
    return std::any_of(settings.groups.begin(), settings.groups.end(),
                       [&](const auto& group) { return ::fnmatch(pattern.c_str() + 1, group.c_str(), 0) == 0; });
  }
  // To fnmatch(3) the '\' of a user as DOMAIN\alice is a sign for itself only if it is doubled.
  return pattern == address || ::fnmatch(pattern.c_str(), host.c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), address.c_str(), 0) == 0;
}

/// @throws base::Error for a pattern that matches none, and where none is left
void exclude_workers(std::vector<model::WorkerEntry>& entries, const std::vector<std::string>& patterns,
                     const std::string& path) {
  const auto matches = [](const model::WorkerEntry& entry, const std::string& pattern) {
    return matches_worker(pattern, entry.address.host, model::to_string(entry.address), entry.settings);
  };
  for (const auto& pattern : patterns) {
    if (std::none_of(entries.begin(), entries.end(), [&](const auto& each) { return matches(each, pattern); })) {
      throw base::Error(fmt::format("--exclude {}: none of the {} workers in '{}' matches",
                                    base::printable_line(pattern), entries.size(), path));
    }
  }
  std::erase_if(entries, [&](const auto& entry) {
    return std::any_of(patterns.begin(), patterns.end(), [&](const auto& each) { return matches(entry, each); });
  });
  if (entries.empty()) {
    throw base::Error(fmt::format("--exclude leaves none of the workers in '{}'", path));
  }
}

}  // namespace

void add_ssh_options(Command command, SshSettings& settings) {
  command.option("--max-parallel-ssh", settings.max_parallel, "ssh and scp processes at once")
      .type_name("N")
      .range(std::size_t{1}, std::size_t{1000})
      .capture_default_str();
  command.option("--connect-delay", settings.connect_delay_seconds, "Minimum delay between starting connections")
      .type_name("SECONDS")
      .range(0.0, 3'600.0)
      .default_str("0");
  command.option("--ssh-option", settings.options, "Option for ssh and scp, as for their -o; may be repeated")
      .type_name("KEY=VALUE")
      .check(check_ssh_option)
      .allow_extra_args(false);
  command.option("--ssh-limit", settings.limit_seconds, "Limit on a whole ssh call in seconds")
      .envname("TORC_SSH_LIMIT")
      .range(0.1, 86'400.0)
      .group("");
}

void add_host_option(Command command, SshSettings& settings) {
  command
      .option("--host", settings.hosts,
              "Only workers whose host or address matches, as in a shell; @NAME: a group; may be repeated")
      .type_name("PATTERN")
      .allow_extra_args(false);
}

void add_exclude_option(Command command, std::vector<std::string>& patterns) {
  command.option("-x,--exclude", patterns, "Leave out workers of the file that match, as for --host; may be repeated")
      .type_name("PATTERN")
      .allow_extra_args(false);
}

std::vector<remote::Worker> choose_workers(std::vector<remote::Worker> workers,
                                           const std::vector<std::string>& patterns) {
  if (patterns.empty() || workers.empty()) {
    return workers;
  }
  const auto matches = [](const remote::Worker& worker, const std::string& pattern) {
    return matches_worker(pattern, worker.address.host, worker.stored, worker.settings);
  };
  for (const auto& pattern : patterns) {
    if (std::none_of(workers.begin(), workers.end(), [&](const auto& each) { return matches(each, pattern); })) {
      throw base::Error(fmt::format("--host {}: none of the {} workers matches; 'torc remote list-workers' shows them",
                                    base::printable_line(pattern), workers.size()));
    }
  }
  std::erase_if(workers, [&](const auto& worker) {
    return std::none_of(patterns.begin(), patterns.end(), [&](const auto& each) { return matches(worker, each); });
  });
  return workers;
}

remote::SshOptions make_ssh_options(const SshSettings& settings) {
  remote::SshOptions options;
  options.ssh_program = base::env_or("TORC_SSH", "ssh");
  options.scp_program = base::env_or("TORC_SCP", "scp");
  options.options = settings.options;
  options.script_limit = std::chrono::milliseconds(std::llround(settings.limit_seconds * 1000));
  options.transfer_limit = options.script_limit;
  options.connect_delay = std::chrono::milliseconds(std::llround(settings.connect_delay_seconds * 1000));
  options.pace = settings.pace;
  return options;
}

remote::SshTransport make_transport(const SshSettings& settings, Services& services) {
  return {make_ssh_options(settings), services.stop_on_signal()};
}

remote::WorkflowRef workflow_ref(client::Api& api, model::Id workflow_id) {
  return {.server_id = api.server_id(), .workflow_id = workflow_id};
}

std::vector<remote::Worker> stored_workers(client::Api& api, model::Id workflow_id,
                                           const std::vector<std::string>& hosts) {
  return choose_workers(make_workers(api.list_remote_workers(workflow_id)), hosts);
}

int fail_with(const Output& output, const std::string& message) {
  if (output.json()) {
    throw base::Error(message);
  }
  output.note(base::printable_line(message));
  return k_exit_failure;
}

int fail_without_workers(const Output& output, model::Id workflow_id, const char* way_out) {
  return fail_with(output, fmt::format("No workers configured for workflow {}. {}", workflow_id, way_out));
}

nlohmann::json worker_json(const remote::Worker& worker, bool ok) {
  return {{"worker", worker.stored}, {"host", worker.address.host}, {"ok", ok}};
}

nlohmann::json remote_document(model::Id workflow_id, nlohmann::json workers) {
  const auto is_ok = [](const nlohmann::json& each) { return each.at("ok").get<bool>(); };
  const auto good = std::count_if(workers.begin(), workers.end(), is_ok);
  const auto total = workers.size();
  return {{"workflow_id", workflow_id}, {"ok", good}, {"total", total}, {"workers", std::move(workers)}};
}

std::string problem_list(const std::string& heading, const std::vector<std::string>& lines) {
  std::string text = heading;
  for (const auto& line : lines) {
    text += "\n  " + line;
  }
  return text;
}

std::string connectivity_error(const std::vector<std::pair<std::string, std::string>>& name_and_reason) {
  std::vector<std::string> lines;
  for (const auto& [name, reason] : name_and_reason) {
    lines.push_back(fmt::format("{}: SSH connection failed to {}: {}", name, name, reason));
  }
  return problem_list(fmt::format("SSH connectivity check failed for {} worker(s):", lines.size()), lines);
}

std::vector<model::WorkerEntry> read_worker_file(const std::string& path, const std::vector<std::string>& exclude) {
  std::string text;
  try {
    text = base::read_file(path);
  } catch (const base::SystemError& error) {
    throw base::Error(fmt::format("Failed to read worker file '{}': {}", path, base::errno_text(error.error_number())));
  }
  auto entries = model::parse_worker_file(text, path);
  for (const auto& entry : entries) {
    if (!entry.settings.dir.empty()) {
      try {
        remote::check_remote_directory(entry.settings.dir);
      } catch (base::Error& error) {
        error.add_context(path + ": " + model::to_string(entry.address));
        throw;
      }
    }
  }
  exclude_workers(entries, exclude, path);
  return entries;
}

void refuse_same_hosts(const std::vector<model::WorkerEntry>& entries, const SshSettings& settings) {
  std::map<std::string, std::vector<const model::WorkerAddress*>> by_text;
  for (const auto& entry : entries) {
    by_text[model::host_identity(entry.address.host)].push_back(&entry.address);
  }
  const auto options = make_ssh_options(settings);
  for (const auto& [text, addresses] : by_text) {
    std::map<std::string, std::string> first;  // By what ssh connects to: how it was written.
    for (const auto* address : addresses) {
      if (addresses.size() == 1) {
        break;
      }
      const auto target = remote::ssh_target(options, *address);
      const auto [at, is_new] = first.emplace(target.value_or(text), address->host);
      if (!is_new) {
        throw base::Error(fmt::format("Duplicate host '{}', the same as '{}' (each host should only appear once)",
                                      address->host, at->second));
      }
    }
  }
}

model::RemoteWorker stored_form(const model::WorkerEntry& entry) {
  return {.worker = model::to_string(entry.address), .settings = model::to_json(entry.settings)};
}

void note_lost_settings(const std::vector<model::WorkerEntry>& entries, Services& services, const char* consequence) {
  const bool any = std::any_of(entries.begin(), entries.end(),
                               [](const auto& entry) { return entry.settings != model::WorkerSettings{}; });
  if (any && !services.api().has_capability("worker_settings")) {
    services.output().note(fmt::format(
        "This server keeps the workers' addresses only, not what the worker file says beside them{}", consequence));
  }
}

std::vector<remote::Worker> make_workers(const std::vector<model::RemoteWorker>& stored) {
  std::vector<std::string> addresses;
  for (const auto& worker : stored) {
    addresses.push_back(worker.worker);
  }
  auto workers = remote::make_workers(addresses);
  for (std::size_t i = 0; i < workers.size(); ++i) {
    if (stored[i].settings) {
      workers[i].settings = model::worker_settings_from_json(*stored[i].settings);
    }
  }
  return workers;
}

int add_workers(const AddWorkers& request, Services& services) {
  const Output& output = services.output();
  client::Api& api = services.api();
  std::vector<std::string> addresses;
  for (const auto& entry : request.workers) {
    addresses.push_back(model::to_string(entry.address));
  }
  // Whether the workflow is there at all; and before workers of it are tried.
  static_cast<void>(api.list_remote_workers(request.workflow_id));
  const auto workers = remote::make_workers(addresses);
  std::vector<std::optional<std::string>> problems(workers.size());
  if (!request.skip_ssh_check) {
    output.line(fmt::format("Checking SSH connectivity for {} worker(s)...", workers.size()));
    auto transport = make_transport(request.ssh, services);
    problems = remote::check_connectivity(transport, workers, request.ssh.max_parallel);
  }
  std::vector<model::RemoteWorker> reachable;
  std::vector<std::pair<std::string, std::string>> unreachable;
  auto rows = nlohmann::json::array();
  for (std::size_t i = 0; i < workers.size(); ++i) {
    rows.push_back(worker_json(workers[i], !problems[i]));
    if (problems[i]) {
      unreachable.emplace_back(workers[i].name, *problems[i]);
      rows.back()["message"] = *problems[i];
    } else {
      reachable.push_back(request.keep_settings ? stored_form(request.workers[i])
                                                : model::RemoteWorker{.worker = addresses[i]});
    }
  }
  if (!request.skip_ssh_check) {
    output.line(fmt::format("{}/{} workers passed SSH check", reachable.size(), workers.size()));
  }
  if (!reachable.empty()) {
    api.create_remote_workers(request.workflow_id, reachable);
    output.line(fmt::format("Added {} worker(s) to workflow {}", reachable.size(), request.workflow_id));
    for (const auto& worker : reachable) {
      output.line("  " + worker.worker);
    }
    note_lost_settings(request.workers, services, "");
  }
  if (output.json()) {
    output.document(remote_document(request.workflow_id, std::move(rows)));
    return unreachable.empty() ? k_exit_ok : k_exit_failure;
  }
  if (!unreachable.empty()) {
    throw base::Error(connectivity_error(unreachable));
  }
  return k_exit_ok;
}

}  // namespace torc::cli
