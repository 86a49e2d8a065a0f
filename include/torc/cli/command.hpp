#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "torc/app/server_access.hpp"
#include "torc/base/error.hpp"
#include "torc/client/api.hpp"
#include "torc/client/rest_api.hpp"
#include "torc/proc/signals.hpp"

namespace torc::cli {

class Table;

using base::k_exit_failure;
using base::k_exit_ok;
using base::k_exit_usage;

/// The options that are valid before and after every subcommand.
struct GlobalOptions {
  std::string log_level{};
  bool json{false};  ///< -f json
  client::Connection connection{};
  bool prompt_password{false};
  bool standalone{false};
  bool trust_owner{false};  ///< --standalone accepts a database and an output directory of any owner.
  std::string database{"./torc_output/torc.db"};
};

/// The output of commands. With `json`, standard output gets one document only; lines for people are dropped.
///
/// A failure to print does not interrupt a command: if the reader is gone (`torc ... | head -1`), the command continues
/// silently; after another failure, such as a full disk, `check` makes the command fail at its end.
///
/// Thread-safe.
class Output {
 public:
  explicit Output(bool json);

  bool json() const { return m_json; }
  /// One line on standard output, for people.
  void line(const std::string& text) const;
  /// A table on standard output, for people.
  void table(const Table& table) const;
  /// The document of `-f json`.
  void document(const nlohmann::json& document) const;
  /// One of several documents of `-f json`, each on its own line, flushed at once.
  void document_line(const nlohmann::json& document) const;
  /// A line on standard error, for people: progress, hints, warnings.
  void note(const std::string& text) const;

  /// @throws base::Error if something could not be printed
  void check() const;

 private:
  class Trouble;
  void write(int fd, const std::string& text) const;

  bool m_json;
  std::shared_ptr<Trouble> m_trouble;
};

/// The environment of a command: options, output, the server, signals. Created by cli::run; not thread-safe. Commands
/// pass its parts to lower layers, never the whole object.
class CommandContext {
 public:
  explicit CommandContext(GlobalOptions options);
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;
  ~CommandContext();

  const GlobalOptions& options() const;
  const Output& output() const;

  /// The connection to the server of --url, or with --standalone to an embedded server, which the first call starts.
  client::Api& api();
  /// Another connection to the same server, for another thread.
  std::unique_ptr<client::Api> new_api();
  /// The URL that `api` talks to.
  const std::string& api_url();
  /// How other processes reach the same server.
  app::ServerAccess server_access();
  /// The user: TORC_USERNAME, else USER, else the login name.
  std::string user() const;

  /// With --standalone: rejects an output directory that another user could have created or could change, and creates
  /// the database's directory (often the same one), accessible to this user only. Without --standalone, does nothing.
  /// @throws base::Error that names the directory
  void check_output_directory(const std::string& directory) const;

  /// Makes the standalone server require a random password, so that it does not answer users of other machines to which
  /// its port is forwarded. Must be called before the server is started. Without --standalone, does nothing.
  void guard_standalone();

  /// `given`, or, if it is absent, the workflow that the user chooses from a list.
  /// @throws UsageError if standard input is not a terminal
  model::Id workflow_id(const std::optional<model::Id>& given);

  /// Prepares this process for running jobs: gives it a guardian, so that no job outlives it (torc/proc/guardian.hpp),
  /// and makes signals request an orderly end. Call this before anything is started, because the guardian must be
  /// created while there is one thread, and the threads of an embedded server must not receive signals.
  std::stop_token prepare_run();

  /// From the first call on, SIGINT, SIGTERM and SIGHUP request a stop instead of ending the program. The `further` of
  /// the first call determines the effect of a second signal.
  /// @param on_hangup  If given, SIGHUP calls it, in another thread, instead of requesting a stop.
  std::stop_token stop_on_signal(proc::FurtherSignals further = proc::FurtherSignals::end_program,
                                 std::function<void()> on_hangup = {});
  /// Requested by a second signal if stop_on_signal was first called with FurtherSignals::request_kill.
  std::stop_token kill_now() const;
  /// Requested by SIGUSR1 if stop_on_signal was first called with FurtherSignals::request_kill.
  std::stop_token drain() const;
  /// The signal that requested the stop, or 0.
  int stop_signal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

/// Parses the command line, runs the command and reports errors: the whole program except `main`.
/// @returns the exit status
int run(int argc, const char* const* argv);

}  // namespace torc::cli
