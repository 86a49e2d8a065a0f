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
  bool reload{false};
};

int htpasswd_remove(const Options& options, CommandContext& context) {
  if (!server::remove_password(options.file, options.user)) {
    throw base::Error(fmt::format("{} has no user '{}'", options.file, options.user));
  }
  context.output().line(fmt::format("Removed user '{}' from {}", options.user, options.file));
  if (options.reload) {
    reload_server(context);
  }
  if (context.output().json()) {
    context.output().document({{"file", options.file}, {"user", options.user}, {"reloaded", options.reload}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo htpasswd_remove_command(GlobalOptions& global) {
  auto options = std::make_shared<Options>();
  return {.path = "htpasswd remove",
          .summary = "Remove a user from a password file",
          .options = joined({password_file_option(options->file, "Password file"), user_argument(options->user)},
                            reload_options(options->reload, global)),
          .examples = {{.command = "torc htpasswd remove --file /etc/torc/users alice"},
                       {.command = "torc htpasswd remove -f /etc/torc/users --reload-auth alice"}},
          .run = [options](CommandContext& context) { return htpasswd_remove(*options, context); }};
}

}  // namespace torc::cli
