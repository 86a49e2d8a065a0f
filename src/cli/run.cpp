#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <new>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/global_options.hpp"
#include "cli/parser/command_line.hpp"
#include "cli/parser/help.hpp"
#include "cli/parser/program_name.hpp"
#include "cli/print/terminal.hpp"
#include "torc/base/environment.hpp"
#include "torc/base/file.hpp"
#include "torc/base/log.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/version.hpp"
#include "torc/cli/arguments.hpp"
#include "torc/cli/command.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::cli {
namespace {

/// Opens closed standard descriptors. Otherwise a file or socket would get such a number, and output would be written
/// into it.
void open_missing_descriptors() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) {
      // open() returns the lowest free number, which is this one, because all lower ones are open.
      [[maybe_unused]] const int opened = ::open("/dev/null", O_RDWR);
    }
  }
}

void report(const std::string& message, bool json) {
  // If standard error cannot be written to, only the exit status reports the failure.
  const Output output(json);
  if (json) {
    output.note(base::printable_json(model::dump_json({{"error", {{"message", message}}}})));
  } else {
    output.note("Error: " + message);
  }
}

/// The message with line breaks of the command line's own words escaped: a file name must not be able to imitate lines
/// of this program. Other line breaks in errors are intended.
std::string with_printable_words(std::string message, int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    // Messages quote words ("a") and values of options ("--name=a").
    for (const auto part : {word, word.substr(word.find('=') + 1)}) {
      if (part.find_first_of("\r\n") != std::string_view::npos &&
          part.find_first_not_of("\r\n") != std::string_view::npos) {
        // Errors may already have escaped what else is not printable.
        message = base::replace_all(message, part, base::printable_line(part));
        message = base::replace_all(message, base::printable(part), base::printable_line(part));
      }
    }
  }
  return message;
}

void start_logging(const GlobalOptions& options) {
  const std::string level = options.log_level.empty() ? base::env_or("RUST_LOG") : options.log_level;
  if (!level.empty()) {
    base::log_start(base::log_level_from(level));
  }
}

/// Removes secrets from the environment; the options have copies. Otherwise every process of this user, such as a job,
/// could read them in /proc/PID/environ, and every child process would inherit them.
void forget_secrets_in_environment() {
  base::erase_variable("TORC_PASSWORD");
  base::erase_variable("TORC_COOKIE_HEADER");
  if (has_login(base::env_or("TORC_API_URL"))) {
    base::erase_variable("TORC_API_URL");
  }
}

int parse_and_run(int argc, const char* const* argv) {
  GlobalOptions options;
  const CommandTable table = all_commands(options);
  CommandLine command_line(table, command_suggestions(), std::string("torc ") + base::k_version);
  const Output plain(false);
  if (const auto text = command_line.parse(argc, argv)) {
    plain.line(*text);
    plain.check();
    return k_exit_ok;
  }
  const CommandInfo& command = command_line.command();
  if (!command.run) {
    plain.note(render_help(table, command));
    return k_exit_usage;
  }
  forget_secrets_in_environment();
  start_logging(options);
  if (options.prompt_password) {
    options.connection.password = ask_password("Password: ");
  }
  CommandContext context(options);
  const int status = command.run(context);
  context.output().check();
  return status;
}

}  // namespace

int run(int argc, const char* const* argv) {
  proc::prepare_signals_for_children();
  open_missing_descriptors();
  const bool json = asks_for_json(argc, argv);
  try {
    const auto words = full_command_line(argc, argv);
    return parse_and_run(static_cast<int>(words.size()), words.data());
  } catch (const base::ApiError& error) {
    // The server's text may quote any name, which must not be able to imitate lines of this program.
    report(json ? error.what() : base::printable_line(error.what()), json);
    return error.exit_code();
  } catch (const base::Error& error) {
    report(json ? error.what() : with_printable_words(error.what(), argc, argv), json);
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    report("out of memory", json);
  } catch (const std::exception& error) {
    report(error.what(), json);
  }
  return k_exit_failure;
}

}  // namespace torc::cli
