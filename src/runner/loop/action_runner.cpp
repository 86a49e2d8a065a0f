#include "runner/loop/action_runner.hpp"

#include <pthread.h>

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/proc/command.hpp"

namespace torc::runner {
namespace {

/// Commands of users may run for a long time.
constexpr std::chrono::hours k_limit{24 * 365};
/// Maximum output per command, kept in the log of the action.
constexpr std::size_t k_max_output = 16UL << 20U;

std::vector<std::string> commands_of(const model::WorkflowAction& action) {
  const auto it = action.action_config.find("commands");
  return it != action.action_config.end() && it->is_array() ? it->get<std::vector<std::string>>()
                                                            : std::vector<std::string>();
}

std::string words_for_end(const proc::CommandResult& result) {
  using End = proc::CommandResult::End;
  switch (result.end) {
    case End::exited:
      return fmt::format("ended with exit status {}", result.code);
    case End::signaled:
      return fmt::format("ended with signal {}", result.code);
    case End::canceled:
      return "was ended with the runner";
    case End::timed_out:
      return "took too long and was ended";
    case End::flooded:
      return "printed too much and was ended";
    case End::not_started:
      break;
  }
  return "could not be started: " + result.err;
}

}  // namespace

ActionRunner::ActionRunner(client::Api& api, model::Id workflow_id, const JobSettings& settings, RunnerLog& log,
                           std::stop_token kill_now, std::function<void()> on_end)
    : m_api(api),
      m_workflow_id(workflow_id),
      m_settings(settings),
      m_log(log),
      m_kill_now(std::move(kill_now)),
      m_on_end(std::move(on_end)) {}

ActionRunner::~ActionRunner() = default;

bool ActionRunner::has_any() {
  if (!m_triggers) {
    m_triggers.emplace();
    for (const auto& action : m_api.list_workflow_actions(m_workflow_id)) {
      if (action.action_type == "run_commands") {
        m_triggers->insert(action.trigger_type);
      }
    }
  }
  return !m_triggers->empty();
}

void ActionRunner::run_triggered(model::Id compute_node_id, const std::vector<std::string>& triggers) {
  if (m_busy || !has_any()) {
    return;
  }
  std::vector<std::string> wanted;
  std::copy_if(triggers.begin(), triggers.end(), std::back_inserter(wanted),
               [this](const auto& trigger) { return m_triggers->contains(trigger); });
  if (wanted.empty()) {
    return;
  }
  std::vector<model::WorkflowAction> claimed;
  for (auto& action : m_api.list_pending_actions(m_workflow_id, wanted)) {
    const model::Id id = action.id.value_or(0);
    if (action.action_type == "run_commands" && !m_done.contains(id) &&
        m_api.claim_action(m_workflow_id, id, compute_node_id)) {
      m_done.insert(id);
      claimed.push_back(std::move(action));
    }
  }
  if (claimed.empty()) {
    return;
  }
  m_busy = true;
  m_thread = std::jthread([this, claimed = std::move(claimed)](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "actions");  // For ps -L and debuggers.
    for (const auto& action : claimed) {
      run_commands(stop, action.id.value_or(0), commands_of(action));
    }
    m_busy = false;
    m_on_end();
  });
}

void ActionRunner::wait(const std::stop_token& stop) {
  if (m_thread.joinable()) {
    const std::stop_callback on_stop{stop, [this] { m_thread.request_stop(); }};
    m_thread.join();
  }
}

void ActionRunner::end() {
  m_thread.request_stop();
  if (m_thread.joinable()) {
    m_thread.join();
  }
}

void ActionRunner::run_commands(const std::stop_token& stop, model::Id action_id,
                                const std::vector<std::string>& commands) {
  const auto log_file = m_settings.output_directory / fmt::format("action_wf{}_a{}.log", m_workflow_id, action_id);
  const std::string directory = m_settings.output_directory.string();
  std::string text;
  for (const auto& command : commands) {
    if (stop.stop_requested()) {
      return;
    }
    m_log.info("action {}: {}", action_id, command);
    try {
      // Both streams in one file, in the order of their output.
      const auto result =
          proc::run_command({.argv = {"/bin/sh", "-c", R"(exec 2>&1; cd -- "$1" || exit; exec "$2" -c "$3")", "sh",
                                      directory, m_settings.shell.program, command},
                             .env = action_environment(m_workflow_id, m_settings, own_environment()),
                             .limit = k_limit,
                             .output_limit = k_max_output,
                             .kill_now = m_kill_now},
                            stop);
      text += fmt::format("$ {}\n{}", command, result.out);
      if (!result.ok()) {
        m_log.warning("action {}: '{}' {}: see {}", action_id, command, words_for_end(result), log_file.string());
      }
      base::write_file_atomically(log_file, text);
      if (!result.ok()) {
        return;  // The remaining commands may depend on this one.
      }
    } catch (const base::Error& error) {
      m_log.error("action {}: '{}': {}", action_id, command, error.what());
    }
  }
}

}  // namespace torc::runner
