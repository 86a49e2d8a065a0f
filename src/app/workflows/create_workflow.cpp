#include "torc/app/workflows/create_workflow.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"

namespace torc::app {
namespace {

/// Maximum number of jobs in one request; servers accept no more.
constexpr std::size_t k_jobs_at_once = 10'000;

using Ids = std::unordered_map<std::string, model::Id>;

/// Creates a workflow on the server, one request per record.
class Creator {
 public:
  Creator(client::Api& api, const workflow_file::WorkflowDescription& description, const CreateOptions& options)
      : m_api(api), m_description(description), m_options(options) {}

  model::Id create() {
    m_workflow_id = create_workflow_itself();
    try {
      create_resource_requirements();
      create_failure_handlers();
      create_files();
      create_user_data();
      create_jobs();
      create_actions();
    } catch (base::Error& error) {
      error.add_context(
          fmt::format("creating workflow '{}'{}", base::printable_line(m_description.workflow.name), undo()));
      throw;
    } catch (...) {
      undo();
      throw;
    }
    return m_workflow_id;
  }

 private:
  model::Id create_workflow_itself() {
    check_stop();
    model::Workflow workflow = m_description.workflow;
    if (workflow.user.empty()) {
      workflow.user = m_options.user;
    }
    if (!m_options.resource_monitoring) {
      workflow.resource_monitor_config.reset();
    }
    return id_of(m_api.create_workflow(workflow));
  }

  void create_resource_requirements() {
    for (auto requirement : m_description.resource_requirements) {
      check_stop();
      requirement.workflow_id = m_workflow_id;
      m_requirement_ids[requirement.name] = id_of(m_api.create_resource_requirements(requirement));
    }
  }

  void create_failure_handlers() {
    for (auto handler : m_description.failure_handlers) {
      check_stop();
      handler.workflow_id = m_workflow_id;
      m_handler_ids[handler.name] = id_of(m_api.create_failure_handler(handler));
    }
  }

  void create_files() {
    for (const auto& file : m_description.files) {
      check_stop();
      model::File body;
      body.workflow_id = m_workflow_id;
      body.name = file.name;
      body.path = file.path;
      m_file_ids[file.name] = id_of(m_api.create_file(body));
    }
  }

  void create_user_data() {
    for (const auto& user_data : m_description.user_data) {
      check_stop();
      model::UserData body;
      body.workflow_id = m_workflow_id;
      body.name = user_data.name;
      body.data = user_data.data;
      body.is_ephemeral = user_data.is_ephemeral;
      m_user_data_ids[user_data.name] = id_of(m_api.create_user_data(body));
    }
  }

  void create_actions() {
    for (const auto& [pattern, jobs] : m_description.actions) {
      check_stop();
      model::WorkflowAction action = pattern;
      action.workflow_id = m_workflow_id;
      action.job_ids = ids_of(jobs, m_job_ids);
      m_api.create_workflow_action(action);
    }
  }

  /// Creates the jobs stage by stage, because a job can only refer to jobs that have an ID: the jobs of a stage depend
  /// on earlier stages only.
  void create_jobs() {
    for (const auto& stage : stages()) {
      for (std::size_t first = 0; first < stage.size(); first += k_jobs_at_once) {
        check_stop();
        std::vector<model::Job> jobs;
        const std::size_t end = std::min(stage.size(), first + k_jobs_at_once);
        for (std::size_t i = first; i < end; ++i) {
          jobs.push_back(job_of(*stage[i]));
        }
        remember(jobs, m_api.create_jobs(jobs));
      }
    }
  }

  void remember(const std::vector<model::Job>& wanted, const std::vector<model::Job>& made) {
    if (made.size() != wanted.size()) {
      throw base::Error(fmt::format("the server created only {} of {} jobs", made.size(), wanted.size()));
    }
    for (const auto& job : made) {
      m_job_ids[job.name] = id_of(job);
    }
  }

  /// Groups the jobs by the length of their longest chain of dependencies; in the file's order within a stage.
  std::vector<std::vector<const workflow_file::JobDescription*>> stages() const {
    const auto& jobs = m_description.jobs;
    std::unordered_map<std::string_view, std::size_t> index_of;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      index_of.emplace(jobs[i].name, i);
    }
    std::vector<std::vector<std::size_t>> dependents(jobs.size());
    std::vector<std::size_t> waiting(jobs.size());
    std::vector<std::size_t> stage;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      waiting[i] = jobs[i].depends_on.size();
      for (const auto& name : jobs[i].depends_on) {
        dependents[index_of.at(name)].push_back(i);
      }
      if (waiting[i] == 0) {
        stage.push_back(i);
      }
    }
    std::vector<std::vector<const workflow_file::JobDescription*>> result;
    while (!stage.empty()) {
      std::sort(stage.begin(), stage.end());
      auto& added = result.emplace_back();
      std::vector<std::size_t> next;
      for (const std::size_t i : stage) {
        added.push_back(&jobs[i]);
        for (const std::size_t other : dependents[i]) {
          if (--waiting[other] == 0) {
            next.push_back(other);
          }
        }
      }
      stage = std::move(next);
    }
    return result;
  }

  model::Job job_of(const workflow_file::JobDescription& description) const {
    model::Job job;
    job.workflow_id = m_workflow_id;
    job.name = description.name;
    job.command = description.command;
    job.invocation_script = description.invocation_script;
    job.priority = description.priority;
    job.cancel_on_blocking_job_failure = description.cancel_on_blocking_job_failure;
    job.supports_termination = description.supports_termination;
    if (description.resource_requirements) {
      job.resource_requirements_id = m_requirement_ids.at(*description.resource_requirements);
    }
    if (description.failure_handler) {
      job.failure_handler_id = m_handler_ids.at(*description.failure_handler);
    }
    job.depends_on_job_ids = ids_of(description.depends_on, m_job_ids);
    job.input_file_ids = ids_of(description.input_files, m_file_ids);
    job.output_file_ids = ids_of(description.output_files, m_file_ids);
    job.input_user_data_ids = ids_of(description.input_user_data, m_user_data_ids);
    job.output_user_data_ids = ids_of(description.output_user_data, m_user_data_ids);
    return job;
  }

  static std::optional<std::vector<model::Id>> ids_of(const std::vector<std::string>& names, const Ids& known) {
    if (names.empty()) {
      return std::nullopt;
    }
    std::vector<model::Id> ids;
    ids.reserve(names.size());
    for (const auto& name : names) {
      ids.push_back(known.at(name));
    }
    return ids;
  }

  template <typename Model>
  static model::Id id_of(const Model& made) {
    if (!made.id) {
      throw base::Error(fmt::format("the server's answer has no ID for '{}'", base::printable_line(made.name)));
    }
    return *made.id;
  }

  void check_stop() const {
    if (m_options.stop.stop_requested()) {
      throw base::Error("stopped by a signal");
    }
  }

  /// Deletes the incomplete workflow. @returns a text for the error message if that fails, else ""
  std::string undo() {
    try {
      m_api.delete_workflow(m_workflow_id);
      return {};
    } catch (const base::Error& error) {
      return fmt::format(" (the incomplete workflow could not be deleted: {}; delete it with 'torc delete {}')",
                         error.what(), m_workflow_id);
    }
  }

  client::Api& m_api;
  const workflow_file::WorkflowDescription& m_description;
  const CreateOptions& m_options;
  model::Id m_workflow_id{0};
  Ids m_requirement_ids{};
  Ids m_handler_ids{};
  Ids m_file_ids{};
  Ids m_user_data_ids{};
  Ids m_job_ids{};
};

}  // namespace

model::Id create_workflow(client::Api& api, const workflow_file::WorkflowDescription& description,
                          const CreateOptions& options) {
  return Creator(api, description, options).create();
}

}  // namespace torc::app
