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

/// The options that stand before or after every subcommand.
struct GlobalOptions {
  std::string log_level{};
  bool json{false};  ///< -f json
  client::Connection connection{};
  bool prompt_password{false};
  bool standalone{false};
  bool trust_owner{false};  ///< --standalone uses a database and an output directory whatever their owner.
  std::string database{"./torc_output/torc.db"};
};

/// Where commands print. With `json`, standard output gets one document and nothing else; lines meant for people are
/// dropped then.
///
/// What cannot be printed stops no command in the middle of what it does: where nobody reads any more (`torc ... | head
/// -1`) it goes on unseen, and a disk that is full fails it at its end, by `check`.
///
/// Thread-safety: any threads.
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
  /// One of many documents of `-f json`, each a line of its own, out at once.
  void document_line(const nlohmann::json& document) const;
  /// A line on standard error, for people: progress, hints, warnings.
  void note(const std::string& text) const;

  /// @throws base::Error where something could not be printed
  void check() const;

 private:
  class Trouble;
  void write(int fd, const std::string& text) const;

  bool m_json;
  std::shared_ptr<Trouble> m_trouble;
};

/// What a command works with. Made by cli::run for the chosen action; single-threaded. Commands hand the layers below
/// what these need of it, never itself.
class CommandContext {
 public:
  explicit CommandContext(GlobalOptions options);
  CommandContext(const CommandContext&) = delete;
  CommandContext& operator=(const CommandContext&) = delete;
  ~CommandContext();

  const GlobalOptions& options() const;
  const Output& output() const;

  /// The server: the one of --url, or with --standalone an embedded one that this starts at the first call.
  client::Api& api();
  /// A further connection to the same server, for another thread.
  std::unique_ptr<client::Api> new_api();
  /// The URL that `api` talks to.
  const std::string& api_url();
  /// The same server, for other processes.
  app::ServerAccess server_access();
  /// The user: TORC_USERNAME, else USER, else the login name.
  std::string user() const;

  /// With --standalone: refuses an output directory that another user could have made or could change, and makes the
  /// database's directory, often the same, so that it is this user's alone. Nothing without --standalone.
  /// @throws base::Error that names the directory
  void check_output_directory(const std::string& directory) const;

  /// Has the server of --standalone, which is yet to be started, ask for a password that is made up here, so that it
  /// answers no user of another machine to which its port is carried. Nothing without --standalone.
  void guard_standalone();

  /// `given`, or where it is absent the workflow that the user picks from a list of theirs.
  /// @throws UsageError where standard input is no terminal
  model::Id workflow_id(const std::optional<model::Id>& given);

  /// Before jobs run on this machine: gives this process a guardian, so that no job outlives it
  /// (torc/proc/guardian.hpp), and from here on signals ask for an orderly end. To be called before anything is
  /// started: the guardian is made while there is one thread, and what the embedded server starts must not get signals.
  std::stop_token prepare_run();

  /// From the first call on SIGINT, SIGTERM and SIGHUP request a stop instead of ending the program. What a second one
  /// does, the first call says.
  /// @param on_hangup  Where given, SIGHUP calls it, in another thread, instead of requesting a stop.
  std::stop_token stop_on_signal(proc::FurtherSignals further = proc::FurtherSignals::end_program,
                                 std::function<void()> on_hangup = {});
  /// Requested by a second signal where stop_on_signal was first called with FurtherSignals::request_kill.
  std::stop_token kill_now() const;
  /// Requested by SIGUSR1 where stop_on_signal was first called with FurtherSignals::request_kill.
  std::stop_token drain() const;
  /// The signal that requested the stop, or 0.
  int stop_signal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

/// Parses the command line, runs the command, reports errors. The whole program but for main.
/// @returns the exit status
int run(int argc, const char* const* argv);

}  // namespace torc::cli
