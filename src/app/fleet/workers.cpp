#include "torc/app/fleet/workers.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/printable.hpp"

namespace torc::app {
namespace {

bool matches_worker(const std::string& pattern, const std::string& host, const std::string& address,
                    const model::WorkerSettings& settings) {
  if (pattern.starts_with('@')) {
    return std::any_of(settings.groups.begin(), settings.groups.end(),
                       [&](const auto& group) { return ::fnmatch(pattern.c_str() + 1, group.c_str(), 0) == 0; });
  }
  // Comparing literally as well, because fnmatch(3) treats the '\' in an address such as DOMAIN\alice@ws1 as an escape.
  return pattern == address || ::fnmatch(pattern.c_str(), host.c_str(), 0) == 0 ||
         ::fnmatch(pattern.c_str(), address.c_str(), 0) == 0;
}

/// @throws base::Error if a pattern matches no worker, or if no worker is left
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

remote::WorkflowRef workflow_ref(client::Api& api, model::Id workflow_id) {
  return {.server_id = api.server_id(), .workflow_id = workflow_id};
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

void refuse_same_hosts(const std::vector<model::WorkerEntry>& entries, const remote::SshOptions& ssh) {
  std::map<std::string, std::vector<const model::WorkerAddress*>> by_text;
  for (const auto& entry : entries) {
    by_text[model::host_identity(entry.address.host)].push_back(&entry.address);
  }
  for (const auto& [text, addresses] : by_text) {
    std::map<std::string, std::string> first;  // The host as written, by the address to which ssh connects.
    for (const auto* address : addresses) {
      if (addresses.size() == 1) {
        break;
      }
      const auto target = remote::ssh_target(ssh, *address);
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

bool loses_settings(client::Api& api, const std::vector<model::WorkerEntry>& entries) {
  const bool any = std::any_of(entries.begin(), entries.end(),
                               [](const auto& entry) { return entry.settings != model::WorkerSettings{}; });
  return any && !api.has_capability(model::Capability::worker_settings);
}

}  // namespace torc::app
