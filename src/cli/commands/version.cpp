#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "torc/base/version.hpp"

namespace torc::cli {
namespace {

int run(CommandContext& context) {
  context.output().line(fmt::format("torc {}\nversion {}\nbuild {}\nREST interface {}", base::k_version,
                                    base::k_program_version, base::k_build_id, base::k_api_version));
  if (context.output().json()) {
    context.output().document({{"interface_version", base::k_version},
                               {"version", base::k_program_version},
                               {"build", base::k_build_id},
                               {"api_version", base::k_api_version}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo version_command() {
  return {.path = "version",
          .summary = "Print the versions of the interface and of this program",
          .examples = {{.command = "torc version"}, {.command = "torc -f json version | jq -r .version"}},
          .run = [](CommandContext& context) { return run(context); }};
}

}  // namespace torc::cli
