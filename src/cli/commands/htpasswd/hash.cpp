#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/htpasswd_options.hpp"
#include "torc/server/password_file.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<std::string> user{};
  std::optional<std::string> password{};
  int cost{server::k_default_cost};
};

int htpasswd_hash(const Options& options, CommandContext& context) {
  const std::string user = options.user ? *options.user : context.user();
  server::check_user_name(user);
  const std::string password = options.password ? *options.password : read_new_password(user);
  const std::string hash = server::hash_password(password, options.cost);
  context.output().line(fmt::format("{}:{}", user, hash));
  if (context.output().json()) {
    context.output().document({{"user", user}, {"hash", hash}});
  } else {
    context.output().note("Send this line to the administrator of the server, who adds it to the password file.");
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo htpasswd_hash_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "htpasswd hash",
      .summary = "Print a user's line for a password file",
      .description =
          "Asks for the password twice. If standard input is not a terminal, its first line is the password.\n"
          "With this line, an administrator can add you without knowing your password.",
      .options = {{.names = "username",
                   .target = &options->user,
                   .help = "Name of the user (default: TORC_USERNAME, else USER)"},
                  password_option(options->password),
                  cost_option(options->cost, "-c,--cost")},
      .examples = {{.command = "torc htpasswd hash"}, {.command = "pass show torc/alice | torc htpasswd hash alice"}},
      .run = [options](CommandContext& context) { return htpasswd_hash(*options, context); }};
}

}  // namespace torc::cli
