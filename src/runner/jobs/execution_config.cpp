#include "runner/jobs/execution_config.hpp"

#include <signal.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"

namespace torc::runner {
namespace {

[[noreturn]] void refuse(std::string_view key, std::string_view what) {
  throw base::Error(fmt::format("the workflow's execution_config: {} {}", key, what));
}

template <typename T>
void read(const nlohmann::json& object, const char* key, T& value) {
  const auto it = object.find(key);
  if (it == object.end() || it->is_null()) {
    return;
  }
  try {
    it->get_to(value);
  } catch (const nlohmann::json::exception&) {
    refuse(key, "has a value of the wrong type");
  }
}

void read_seconds(const nlohmann::json& object, const char* key, std::chrono::seconds& value) {
  constexpr std::int64_t k_most = 366LL * 86'400;
  std::int64_t count = value.count();
  read(object, key, count);
  if (count < 0 || count > k_most) {
    refuse(key, "must be from 0 to 31622400 seconds");
  }
  value = std::chrono::seconds(count);
}

/// The names of sigabbrev_np(3), which only glibc has, since 2.32.
constexpr std::pair<std::string_view, int> k_signals[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},   {"QUIT", SIGQUIT},   {"ILL", SIGILL},   {"TRAP", SIGTRAP},
    {"ABRT", SIGABRT},     {"BUS", SIGBUS},   {"FPE", SIGFPE},     {"KILL", SIGKILL}, {"USR1", SIGUSR1},
    {"SEGV", SIGSEGV},     {"USR2", SIGUSR2}, {"PIPE", SIGPIPE},   {"ALRM", SIGALRM}, {"TERM", SIGTERM},
    {"STKFLT", SIGSTKFLT}, {"CHLD", SIGCHLD}, {"CONT", SIGCONT},   {"STOP", SIGSTOP}, {"TSTP", SIGTSTP},
    {"TTIN", SIGTTIN},     {"TTOU", SIGTTOU}, {"URG", SIGURG},     {"XCPU", SIGXCPU}, {"XFSZ", SIGXFSZ},
    {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF}, {"WINCH", SIGWINCH}, {"POLL", SIGPOLL}, {"PWR", SIGPWR},
    {"SYS", SIGSYS}};

/// Parses "SIGTERM", or "TERM" as in kill(1).
int signal_of(std::string_view name) {
  const std::string_view bare = name.starts_with("SIG") ? name.substr(3) : name;
  for (const auto& [known, number] : k_signals) {
    if (bare == known) {
      return number;
    }
  }
  refuse("termination_signal", fmt::format("'{}' is not a signal such as SIGTERM", name));
}

model::StdioSettings read_stdio(const nlohmann::json& object) {
  try {
    return model::stdio_settings_of(object);
  } catch (base::Error& error) {
    error.add_context("the workflow's execution_config");
    throw;
  }
}

}  // namespace

ExecutionConfig::ExecutionConfig() : termination_signal(SIGTERM) {}

LastMoments last_moments(const ExecutionConfig& config, const model::Workflow& workflow,
                         std::chrono::milliseconds time_limit) {
  using std::chrono::milliseconds;
  const milliseconds most = time_limit / 10;
  const std::chrono::seconds buffer{workflow.compute_node_expiration_buffer_seconds.value_or(0)};
  const milliseconds lead = std::min<milliseconds>(config.sigterm_lead, most);
  const milliseconds headroom = std::min<milliseconds>(std::max(config.sigkill_headroom, buffer), most);
  return {.stop_after = time_limit - headroom - lead, .lead = lead};
}

ExecutionConfig execution_config_of(const model::Workflow& workflow) {
  ExecutionConfig config;
  const std::string text = workflow.execution_config.value_or("");
  if (text.empty()) {
    return config;
  }
  const auto object = nlohmann::json::parse(text, nullptr, false);
  if (!object.is_object()) {
    throw base::Error("the workflow's execution_config is not a JSON object");
  }
  std::string signal = "SIGTERM";
  read(object, "limit_resources", config.limit_resources);
  read(object, "termination_signal", signal);
  config.termination_signal = signal_of(signal);
  read_seconds(object, "sigterm_lead_seconds", config.sigterm_lead);
  read_seconds(object, "sigkill_headroom_seconds", config.sigkill_headroom);
  read(object, "timeout_exit_code", config.timeout_exit_code);
  read(object, "oom_exit_code", config.oom_exit_code);
  read(object, "staggered_start", config.staggered_start);
  read(object, "pass_credentials", config.pass_credentials);
  config.stdio = read_stdio(object);
  return config;
}

}  // namespace torc::runner
