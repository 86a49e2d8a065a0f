#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/global_options.hpp"
#include "cli/parse_errors.hpp"
#include "cli/program_name.hpp"
#include "cli/terminal.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/version.hpp"
#include "torc/cli/command.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::cli {
namespace {

/// Help with a line about what stands in the root's help only.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_footer(const CLI::App* app) const override {
    std::string text;
    if (app->get_parent() != nullptr) {
      text = "\nOptions of every command (-f json, --url, -s, ...): see 'torc --help'.\n";
    }
    return text + CLI::Formatter::make_footer(app);
  }
};

/// A program started with a standard descriptor closed would get its next file or socket under that number, and print
/// into it.
void open_missing_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      // The lowest free number is taken: this one, as those below it are open.
      [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
    }
  }
}

void report(const std::string& message, bool json) {
  const Output output(json);
  try {
    if (json) {
      output.note(model::dump_json({{"error", {{"message", message}}}}));
    } else {
      output.note("Error: " + base::printable(message));
    }
  } catch (const base::SystemError&) {
    // Standard error cannot be written to: the exit status is all there is left to say it with.
  }
}

void start_logging(const GlobalOptions& options) {
  const std::string level = options.log_level.empty() ? base::env_or("RUST_LOG") : options.log_level;
  if (!level.empty()) {
    base::log_start(base::log_level_from(level));
  }
}

void make_root(CLI::App& app) {
  app.formatter(std::make_shared<HelpFormatter>());
  app.get_formatter()->column_width(34);
  app.option_defaults()->always_capture_default(false);
  // Global options may stand behind the subcommand.
  app.fallthrough();
  app.set_version_flag("-V,--version", std::string("torc ") + base::k_version);
  app.footer(
      "Examples:\n"
      "  torc server run --database ~/torc.db &       start a server on this machine\n"
      "  torc create sweep.yaml                       make a workflow from a file\n"
      "  torc run 1                                   run its jobs on this machine\n"
      "  torc remote run 1 --workers hosts.txt        ... or on machines that ssh reaches\n"
      "  torc status 1                                see how far it is\n"
      "  torc -s run sweep.yaml                       all of it without a server\n");
}

int parse_and_run(int argc, const char* const* argv) {
  CLI::App app("Runs thousands of jobs on whatever machines there are", "torc");
  make_root(app);
  Action chosen;
  const auto options = add_global_options(app);
  add_commands(app, chosen);
  const Output plain(false);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    plain.line(std::string(base::trim(app.help())));
    return k_exit_ok;
  } catch (const CLI::CallForVersion& version) {
    plain.line(version.what());
    return k_exit_ok;
  } catch (const CLI::ParseError& error) {
    throw base::UsageError(explain_parse_error(app, error));
  }
  if (!chosen) {
    plain.note(std::string(base::trim(app.help())));
    return k_exit_usage;
  }
  start_logging(*options);
  if (options->prompt_password) {
    options->connection.password = ask_password("Password: ");
  }
  Services services(*options);
  return chosen(services);
}

}  // namespace

int run(int argc, const char* const* argv) {
  proc::prepare_signals_for_children();
  open_missing_descriptors();
  const bool json = asks_for_json(argc, argv);
  try {
    const auto words = full_command_line(argc, argv);
    return parse_and_run(static_cast<int>(words.size()), words.data());
  } catch (const base::Error& error) {
    report(error.what(), json);
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    report("out of memory", json);
  } catch (const std::exception& error) {
    report(error.what(), json);
  }
  return k_exit_failure;
}

}  // namespace torc::cli
