#include "cli/logs/attempt_output.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "cli/parser/checks.hpp"
#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/job_output.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;

model::Job find_job(client::Api& api, model::Id workflow_id, const std::string& word) {
  if (check_id(word).empty()) {
    auto job = api.get_job(*base::parse_int(word));
    if (job.workflow_id != workflow_id) {
      throw base::Error(
          fmt::format("job {} belongs to workflow {}, not to workflow {}", word, job.workflow_id, workflow_id));
    }
    return job;
  }
  client::JobFilter page;
  for (;;) {
    auto jobs = api.list_jobs(workflow_id, page);
    const auto it =
        std::find_if(jobs.items.begin(), jobs.items.end(), [&](const auto& job) { return job.name == word; });
    if (it != jobs.items.end()) {
      return *it;
    }
    page.paging.offset += static_cast<std::int64_t>(jobs.items.size());
    if (jobs.items.empty() || page.paging.offset >= jobs.total_count) {
      throw base::Error(fmt::format("workflow {} has no job '{}'; list its jobs with 'torc jobs list {}'", workflow_id,
                                    base::printable_line(word), workflow_id));
    }
  }
}

/// The compute node on which a job currently runs.
std::optional<model::ComputeNode> node_that_runs(client::Api& api, const model::Job& job) {
  client::ComputeNodeFilter active;
  active.is_active = true;
  for (auto& node : api.list_compute_nodes(job.workflow_id, active).items) {
    client::JobFilter of_node;
    of_node.active_compute_node_id = node.id;
    const auto jobs = api.list_jobs(job.workflow_id, of_node).items;
    if (std::any_of(jobs.begin(), jobs.end(), [&](const auto& each) { return each.id == job.id; })) {
      return node;
    }
  }
  return std::nullopt;
}

std::optional<model::Result> latest_result(client::Api& api, const model::Job& job) {
  client::ResultFilter of_job;
  of_job.job_id = job.id;
  of_job.all_runs = true;
  std::optional<model::Result> latest;
  for (auto& result : api.list_results(job.workflow_id, of_job).items) {
    const auto order = [](const model::Result& each) { return std::pair(each.run_id, each.attempt_id.value_or(1)); };
    if (!latest || order(*latest) < order(result)) {
      latest = std::move(result);
    }
  }
  return latest;
}

std::optional<remote::Worker> worker_of(client::Api& api, const model::ComputeNode& node) {
  if (!node.scheduler || !node.scheduler->is_object()) {
    return std::nullopt;
  }
  const std::string stored = node.scheduler->value("worker", "");
  std::vector<std::string> addresses;
  for (const auto& worker : api.list_remote_workers(node.workflow_id)) {
    addresses.push_back(worker.worker);
  }
  for (auto& worker : remote::make_workers(addresses)) {
    if (worker.stored == stored) {
      return worker;
    }
  }
  return std::nullopt;
}

std::string stem_of(const model::Job& job, std::int64_t run_id, std::int64_t attempt_id) {
  return model::stdio_stem(
      {.workflow_id = job.workflow_id, .job_id = job.id.value_or(0), .run_id = run_id, .attempt_id = attempt_id});
}

/// "torc_logs_W_KEY", or "torc_logs_W_" if the worker is unknown.
std::string collected_name(const JobAttempt& attempt, model::Id workflow_id) {
  return fmt::format("torc_logs_{}_{}", workflow_id, attempt.worker ? attempt.worker->key : "");
}

bool may_hold(const std::string& name, const JobAttempt& attempt, model::Id workflow_id) {
  const std::string wanted = collected_name(attempt, workflow_id);
  return attempt.worker ? name == wanted : name.starts_with(wanted);
}

}  // namespace

JobAttempt latest_attempt(client::Api& api, model::Id workflow_id, const std::string& word) {
  JobAttempt attempt{.job = find_job(api, workflow_id, word)};
  const model::Job& job = attempt.job;
  std::optional<model::ComputeNode> node;
  if (job.status == model::JobStatus::running) {
    node = node_that_runs(api, job);
    attempt.stem = stem_of(job, api.get_workflow_status(workflow_id).run_id, job.attempt_id.value_or(1));
  } else if (const auto result = latest_result(api, job)) {
    attempt.has_ended = true;
    attempt.stem = stem_of(job, result->run_id, result->attempt_id.value_or(1));
    node = api.get_compute_node(result->compute_node_id);
  } else {
    throw base::Error(fmt::format("job '{}' has not run yet: it is {}", base::printable_line(job.name),
                                  to_string(job.status.value_or(model::JobStatus::uninitialized))));
  }
  attempt.worker = node ? worker_of(api, *node) : std::nullopt;
  return attempt;
}

LocalOutput local_output(const JobAttempt& attempt, model::Id workflow_id, const fs::path& output_directory,
                         const fs::path& collected) {
  std::vector<fs::path> places{output_directory};
  std::error_code error;
  fs::directory_iterator it(collected, error);
  for (; !error && it != fs::directory_iterator(); it.increment(error)) {
    std::error_code gone;
    if (it->is_directory(gone) && may_hold(it->path().filename().string(), attempt, workflow_id)) {
      places.push_back(it->path());
    }
  }
  for (const auto& place : places) {
    LocalOutput output;
    if (!fs::is_directory(place, error)) {
      continue;
    }
    output.directory = base::open_directory(place);
    for (const auto suffix : model::k_stdio_suffixes) {
      const std::string path = fmt::format("{}/{}{}", model::k_stdio_directory, attempt.stem, suffix);
      const auto opened = base::open_beneath(output.directory.get(), path);
      if (opened.file) {
        output.paths.push_back(path);
      } else if (!opened.is_absent) {
        output.refusals.push_back(fmt::format("{} ({})", (place / path).string(), opened.refusal));
      }
    }
    if (!output.paths.empty() || !output.refusals.empty()) {
      return output;
    }
  }
  return {};
}

std::optional<fs::path> archive_of(const JobAttempt& attempt, model::Id workflow_id, const fs::path& collected) {
  if (!attempt.worker) {
    return std::nullopt;
  }
  const fs::path archive = collected / (collected_name(attempt, workflow_id) + ".tar.gz");
  return fs::exists(archive) ? std::optional(archive) : std::nullopt;
}

}  // namespace torc::cli
