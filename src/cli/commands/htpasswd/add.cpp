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
  std::optional<std::string> password{};
  int cost{server::k_default_cost};
  bool reload{false};
};

int htpasswd_add(const Options& options, CommandContext& context) {
  server::check_user_name(options.user);
  const std::string password = options.password ? *options.password : read_new_password(options.user);
  const std::string hash = server::hash_password(password, options.cost);
  const bool is_new = server::set_password(options.file, options.user, hash);
  context.output().line(is_new ? fmt::format("Added user '{}' to {}", options.user, options.file)
                               : fmt::format("Updated user '{}' in {}", options.user, options.file));
  if (options.reload) {
    reload_server(context);
  }
  if (context.output().json()) {
    context.output().document(
        {{"file", options.file}, {"user", options.user}, {"added", is_new}, {"reloaded", options.reload}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo htpasswd_add_command(GlobalOptions& global) {
  auto options = std::make_shared<Options>();
  return {.path = "htpasswd add",
          .summary = "Add a user to a password file, or set the user's password",
          .description =
              "Asks for the password twice. If standard input is not a terminal, its first line is the password.",
          .options = joined(
              {password_file_option(options->file, "Password file; created if missing"), user_argument(options->user),
               password_option(options->password), cost_option(options->cost, "-c,--cost")},
              reload_options(options->reload, global)),
          .examples = {{.command = "torc htpasswd add --file /etc/torc/users alice"},
                       {.comment = "With a password from a program, and at once in the running server",
                        .command = "pass show torc/alice | \\\n  torc htpasswd add -f /etc/torc/users --reload-auth "
                                   "alice"}},
          .run = [options](CommandContext& context) { return htpasswd_add(*options, context); }};
}

}  // namespace torc::cli
