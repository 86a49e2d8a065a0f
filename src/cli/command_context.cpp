#include <unistd.h>

#include <filesystem>
#include <optional>
#include <utility>

#include "cli/standalone.hpp"
#include "cli/workflow_choice.hpp"
#include "torc/base/file.hpp"
#include "torc/base/path_trust.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/random.hpp"
#include "torc/base/users.hpp"
#include "torc/cli/command.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/signals.hpp"

namespace torc::cli {
namespace {

std::string user_name() {
  if (std::string name = base::env_or("TORC_USERNAME"); !name.empty()) {
    return name;
  }
  if (std::string name = base::env_or("USER"); !name.empty()) {
    return name;
  }
  if (const auto user = base::find_user(::getuid())) {
    return user->name;
  }
  throw base::Error("cannot determine your user name: set TORC_USERNAME");
}

}  // namespace

struct CommandContext::Impl {
  explicit Impl(GlobalOptions given) : options(std::move(given)), output(options.json), user(user_name()) {
    options.connection.user = user;
    options.connection.url = client::normalized_url(options.connection.url);
  }

  /// Starts the standalone server, if there is one, before the first request.
  const client::Connection& connection() {
    if (options.standalone && !server) {
      server = std::make_unique<StandaloneServer>(options.database, owner(), guarded ? &options.connection : nullptr);
      options.connection.url = server->url();
    }
    return options.connection;
  }

  base::Owner owner() const { return options.trust_owner ? base::Owner::anybody : base::Owner::user_or_root; }

  GlobalOptions options;
  bool guarded{false};
  Output output;
  std::string user;
  // The order matters: the connection must be destroyed before the server.
  std::unique_ptr<StandaloneServer> server;
  std::unique_ptr<client::Api> api;
  std::optional<proc::StopOnSignal> stop;
};

CommandContext::CommandContext(GlobalOptions options) : m_impl(std::make_unique<Impl>(std::move(options))) {}

CommandContext::~CommandContext() = default;

const GlobalOptions& CommandContext::options() const {
  return m_impl->options;
}

const Output& CommandContext::output() const {
  return m_impl->output;
}

client::Api& CommandContext::api() {
  if (!m_impl->api) {
    m_impl->api = new_api();
  }
  return *m_impl->api;
}

std::unique_ptr<client::Api> CommandContext::new_api() {
  return client::make_rest_api(m_impl->connection());
}

const std::string& CommandContext::api_url() {
  return m_impl->connection().url;
}

app::ServerAccess CommandContext::server_access() {
  return {.connection = m_impl->connection(), .is_embedded = m_impl->options.standalone};
}

std::string CommandContext::user() const {
  return m_impl->user;
}

void CommandContext::check_output_directory(const std::string& directory) const {
  if (const auto& options = m_impl->options; options.standalone) {
    base::require_trusted_path(directory, base::PathKind::directory, m_impl->owner(), "output directory");
    base::require_trusted_path(options.database, base::PathKind::file, m_impl->owner(), "database");
    base::make_private_directories(std::filesystem::path(options.database).parent_path());
  }
}

void CommandContext::guard_standalone() {
  if (m_impl->options.standalone) {
    m_impl->guarded = true;
    m_impl->options.connection.password = base::random_uuid();
  }
}

model::Id CommandContext::workflow_id(const std::optional<model::Id>& given) {
  return given ? *given : choose_workflow(api(), user());
}

std::stop_token CommandContext::prepare_run() {
  proc::split_off_guardian();
  // A second signal must not interrupt ending and requeueing the jobs.
  return stop_on_signal(proc::FurtherSignals::request_kill);
}

std::stop_token CommandContext::stop_on_signal(proc::FurtherSignals further, std::function<void()> on_hangup) {
  if (!m_impl->stop) {
    m_impl->stop.emplace(std::function<void(int)>(), further, std::move(on_hangup));
  }
  return m_impl->stop->token();
}

std::stop_token CommandContext::kill_now() const {
  return m_impl->stop ? m_impl->stop->kill_now() : std::stop_token();
}

std::stop_token CommandContext::drain() const {
  return m_impl->stop ? m_impl->stop->drain() : std::stop_token();
}

int CommandContext::stop_signal() const {
  return m_impl->stop ? m_impl->stop->signal() : 0;
}

}  // namespace torc::cli
