#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"

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

CommandInfo ping_command() {
  return {.path = "ping",
          .summary = "Check that the server answers",
          .examples = {{.command = "torc ping"}, {.command = "torc --url http://login1:8080/torc-service/v1 ping"}},
          .run = ping};
}

}  // namespace torc::cli
