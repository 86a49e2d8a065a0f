#include "cli/options/htpasswd_options.hpp"

#include <fmt/format.h>

#include "cli/print/terminal.hpp"
#include "torc/base/printable.hpp"
#include "torc/server/password_file.hpp"

namespace torc::cli {
namespace {

std::string password_from_input() {
  const auto line = ask_line("");
  if (!line) {
    throw base::UsageError("no password on standard input");
  }
  return line->ends_with('\r') ? line->substr(0, line->size() - 1) : *line;
}

}  // namespace

OptionInfo password_file_option(std::string& file, const std::string& help) {
  return {.names = "-f,--file",
          .target = &file,
          .value = "FILE",
          .completion = Completion::file,
          .required = true,
          .help = help};
}

OptionInfo user_argument(std::string& user) {
  return {.names = "username", .target = &user, .required = true, .help = "Name of the user"};
}

OptionInfo password_option(std::optional<std::string>& password) {
  return {.names = "-p,--password",
          .target = &password,
          .value = "PASSWORD",
          .help = "Password; prefer standard input, since other users can see the option for a moment"};
}

OptionInfo cost_option(int& cost, const std::string& names) {
  return {.names = names,
          .target = &cost,
          .value = "N",
          .range = Range{server::k_lowest_cost, server::k_highest_cost},
          .default_text = std::to_string(cost),
          .help = "bcrypt cost; each step doubles the time of a check"};
}

std::vector<OptionInfo> reload_options(bool& reload, GlobalOptions& global) {
  return {{.names = "--reload-auth",
           .target = &reload,
           .help = "Then make the server of --url read its password file again"},
          {.names = "--server-password",
           .target = &global.connection.password,
           .value = "PASSWORD",
           .help = "Your own password for --reload-auth; prefer the variable TORC_PASSWORD"}};
}

void reload_server(CommandContext& context) {
  try {
    const auto count = context.api().reload_users();
    context.output().line(fmt::format("The server read its password file again: {} users", count));
  } catch (const base::ApiError& error) {
    throw base::Error(fmt::format("the file was changed, but the server did not read it again: {}",
                                  base::printable_line(error.what())));
  }
}

std::string read_new_password(const std::string& user) {
  if (!can_ask()) {
    return password_from_input();
  }
  const std::string password = ask_password(fmt::format("New password of {}: ", user));
  if (ask_password("Repeat the password: ") != password) {
    throw base::UsageError("the two passwords differ; nothing was changed");
  }
  return password;
}

std::string read_password(const std::string& user) {
  return can_ask() ? ask_password(fmt::format("Password of {}: ", user)) : password_from_input();
}

}  // namespace torc::cli
