#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/htpasswd_options.hpp"
#include "torc/server/password_file.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::string file{};
  std::string user{};
  int cost{server::k_default_cost};
  bool remove{false};
};

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

CommandInfo server_htpasswd_command() {
  auto options = std::make_shared<Options>();
  return {.path = "server htpasswd",
          .summary = "Set a user's password in a server's password file",
          .description =
              "Asks for the password twice. If standard input is not a terminal, its first line is the password.\nA "
              "running server reads the file again after 'kill -HUP PID'.",
          .options = {{.names = "FILE",
                       .target = &options->file,
                       .completion = Completion::file,
                       .required = true,
                       .help = "Password file; created if missing"},
                      {.names = "USER", .target = &options->user, .required = true, .help = "Name of the user"},
                      cost_option(options->cost, "--cost"),
                      {.names = "--delete", .target = &options->remove, .help = "Remove the user instead"}},
          .examples = {{.command = "torc server htpasswd /etc/torc/users alice"},
                       {.command = "pass show torc/alice | torc server htpasswd /etc/torc/users alice"},
                       {.command = "torc server htpasswd --delete /etc/torc/users alice"}},
          .run = [options](CommandContext& context) { return server_htpasswd(*options, context); }};
}

}  // namespace torc::cli
