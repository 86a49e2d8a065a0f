#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/htpasswd_options.hpp"
#include "torc/server/password_file.hpp"

namespace torc::cli {
namespace {

int htpasswd_list(const std::string& file, CommandContext& context) {
  auto users = nlohmann::json::array();
  const auto hashes = server::read_password_file(file);
  context.output().line(hashes.empty() ? fmt::format("No users in {}", file) : fmt::format("Users in {}:", file));
  for (const auto& [user, hash] : hashes) {
    context.output().line("  - " + user);
    users.push_back(user);
  }
  if (context.output().json()) {
    context.output().document({{"file", file}, {"users", users}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo htpasswd_list_command() {
  auto file = std::make_shared<std::string>();
  return {.path = "htpasswd list",
          .summary = "List the users of a password file",
          .options = {password_file_option(*file, "Password file")},
          .examples = {{.command = "torc htpasswd list --file /etc/torc/users"}},
          .run = [file](CommandContext& context) { return htpasswd_list(*file, context); }};
}

}  // namespace torc::cli
