#include <string>

#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/help.hpp"
#include "cli/parser/parse_errors.hpp"
#include "cli/print/command_json.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::vector<std::string> words{};
};

/// @throws UsageError for words that do not name a command
const CommandInfo& named_command(const CommandTable& table, const std::vector<std::string>& words) {
  const CommandInfo* command = &table.front();
  for (const auto& word : words) {
    const CommandInfo* below = find_command(table, command->path.empty() ? word : command->path + " " + word);
    if (below == nullptr) {
      throw base::UsageError(explain_unknown_command({table, command_suggestions(), *command}, word));
    }
    command = below;
  }
  return *command;
}

int run(const Options& options, CommandContext& context) {
  GlobalOptions described;
  const CommandTable table = all_commands(described);
  const CommandInfo& command = named_command(table, options.words);
  context.output().line(render_help(table, command));
  if (context.output().json()) {
    context.output().document({{"commands", commands_json(table, command.path)}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo help_command() {
  auto options = std::make_shared<Options>();
  return {.path = "help",
          .summary = "Print the help of a command",
          .description = "With -f json: describes the command, and those below it, with all options.",
          .options = {{.names = "COMMAND",
                       .target = &options->words,
                       .completion = Completion::torc_command,
                       .every_word = true,
                       .help = "Words of the command; if omitted, help lists all commands"}},
          .examples = {{.command = "torc help remote run"}, {.command = "torc -f json help"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
