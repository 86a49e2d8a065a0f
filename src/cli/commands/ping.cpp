#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/parser/command_line.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {
namespace {

int ping(CommandContext& context) {
  context.api().ping();
  context.output().line(fmt::format("Server is running at {}", context.api_url()));
  if (context.output().json()) {
    context.output().document({{"status", "Server is running"}});
  }
  return k_exit_ok;
}

}  // namespace

void add_ping(Command parent, Action& chosen) {
  const Command command = parent.subcommand("ping", "Check that the server runs and answers");
  command.footer(
      "Examples:\n"
      "  torc ping\n"
      "  torc --url http://login1:8080/torc-service/v1 ping\n");
  command.callback([&chosen] { chosen = ping; });
}

}  // namespace torc::cli
