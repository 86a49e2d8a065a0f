#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/parser/command_line.hpp"
#include "cli/print/terminal.hpp"
#include "torc/cli/command.hpp"
#include "torc/server/password_file.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string file{};
  std::string user{};
  int cost{server::k_default_cost};
  bool remove{false};
};

/// Twice on a terminal; else one line of standard input.
std::string read_new_password(const std::string& user) {
  if (!can_ask()) {
    const auto line = ask_line("");
    if (!line) {
      throw base::UsageError("no password on standard input");
    }
    return line->ends_with('\r') ? line->substr(0, line->size() - 1) : *line;
  }
  const std::string password = ask_password(fmt::format("New password of {}: ", user));
  if (ask_password("Once more: ") != password) {
    throw base::UsageError("the two passwords differ; nothing was changed");
  }
  return password;
}

int server_htpasswd(const Options& options, CommandContext& context) {
  server::check_user_name(options.user);
  if (options.remove) {
    if (!server::remove_password(options.file, options.user)) {
      throw base::Error(fmt::format("{} has no user '{}'", options.file, options.user));
    }
  } else {
    const auto hash = server::hash_password(read_new_password(options.user), options.cost);
    server::set_password(options.file, options.user, hash);
  }
  const char* const what = options.remove ? "Removed" : "Set the password of";
  context.output().line(fmt::format("{} user '{}' in {}", what, options.user, options.file));
  if (context.output().json()) {
    context.output().document({{"file", options.file}, {"user", options.user}, {"removed", options.remove}});
  }
  return k_exit_ok;
}

}  // namespace

void add_server_htpasswd(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("htpasswd", "Set a user's password in a server's password file");
  command.option("FILE", options->file, "Password file; made where there is none").required();
  command.option("USER", options->user, "Name of the user").required();
  command.option("--cost", options->cost, "Cost of bcrypt: each step doubles the time that a check takes")
      .range(server::k_lowest_cost, server::k_highest_cost)
      .capture_default_str();
  command.flag("--delete", options->remove, "Remove the user instead");
  command.footer(
      "Examples:\n"
      "  torc server htpasswd /etc/torc/users alice\n"
      "  pass show torc/alice | torc server htpasswd /etc/torc/users alice\n"
      "  torc server htpasswd --delete /etc/torc/users alice\n"
      "The password is asked for twice; where standard input is no terminal, its first line is the password.\n"
      "A server that runs takes the file up anew with 'kill -HUP PID'.\n");
  command.callback([options, &chosen] {
    chosen = [options](CommandContext& context) { return server_htpasswd(*options, context); };
  });
}

}  // namespace torc::cli
