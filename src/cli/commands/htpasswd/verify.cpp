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
};

int htpasswd_verify(const Options& options, CommandContext& context) {
  const auto hashes = server::read_password_file(options.file);
  const auto found = hashes.find(options.user);
  if (found == hashes.end()) {
    throw base::Error(fmt::format("{} has no user '{}'", options.file, options.user));
  }
  const std::string password = options.password ? *options.password : read_password(options.user);
  const bool matches = server::password_matches(password, found->second);
  context.output().line(fmt::format("The password of user '{}' is {}", options.user, matches ? "correct" : "wrong"));
  if (context.output().json()) {
    context.output().document({{"file", options.file}, {"user", options.user}, {"correct", matches}});
  }
  return matches ? k_exit_ok : k_exit_failure;
}

}  // namespace

CommandInfo htpasswd_verify_command() {
  auto options = std::make_shared<Options>();
  return {.path = "htpasswd verify",
          .summary = "Check a user's password",
          .description =
              "Asks for the password. If standard input is not a terminal, its first line is the "
              "password.\nExit status 1 if it is wrong.",
          .options = {password_file_option(options->file, "Password file"), user_argument(options->user),
                      password_option(options->password)},
          .examples = {{.command = "torc htpasswd verify --file /etc/torc/users alice"}},
          .run = [options](CommandContext& context) { return htpasswd_verify(*options, context); }};
}

}  // namespace torc::cli
