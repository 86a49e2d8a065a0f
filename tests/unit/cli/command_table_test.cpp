#include <algorithm>
#include <set>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/help.hpp"
#include "support/cli_run.hpp"
#include "torc/base/strings.hpp"

using torc::cli::all_commands;
using torc::cli::command_suggestions;
using torc::cli::CommandInfo;
using torc::cli::CommandTable;
using torc::cli::find_command;
using torc::cli::GlobalOptions;
using torc::cli::OptionInfo;
using torc::cli::render_help;
using torc::support::run_cli;

namespace {

class CommandTableTest : public testing::Test {
 protected:
  GlobalOptions m_options{};
  CommandTable m_table{all_commands(m_options)};
};

/// Whether `command` has an option with this name.
bool has_option(const CommandInfo& command, const std::string& name) {
  return std::any_of(command.options.begin(), command.options.end(), [&](const OptionInfo& option) {
    const auto names = option.all_names();
    return std::find(names.begin(), names.end(), name) != names.end();
  });
}

TEST(CommandLineErrors, EscapeLineBreaksOfTheWordsThatTheyQuote) {
  EXPECT_EQ(run_cli({"sta\nError: other"}).err, "Error: unknown command 'sta\\nError: other'. See 'torc --help'.\n");
  for (const auto& words :
       std::vector<std::vector<std::string>>{{"run", "a\nb"}, {"create", "no\nsuch.json"}, {"status", "1\n2"}}) {
    const auto error = run_cli(words).err;
    EXPECT_EQ(error.find('\n'), error.size() - 1) << error;
  }
}

}  // namespace

TEST_F(CommandTableTest, HelpHasAtMost80ColumnsAndNoTrailingSpaces) {
  for (const auto& command : m_table) {
    for (const auto& line : torc::base::split_lines(render_help(m_table, command))) {
      EXPECT_LE(line.size(), 80U) << command.path << ": " << line;
      EXPECT_FALSE(line.ends_with(' ')) << command.path << ": " << line;
    }
  }
}

TEST_F(CommandTableTest, EveryCommandHasASummaryAndExamples) {
  for (const auto& command : m_table) {
    EXPECT_FALSE(command.summary.empty()) << command.path;
    EXPECT_FALSE(command.summary.ends_with('.')) << command.path;
    EXPECT_TRUE(command.hidden || !command.examples.empty()) << command.path;
    for (const auto& example : command.examples) {
      EXPECT_NE(example.command.find("torc"), std::string::npos) << command.path << ": " << example.command;
    }
  }
}

TEST_F(CommandTableTest, EveryOptionHasHelpWithoutAFinalPeriod) {
  for (const auto& command : m_table) {
    for (const auto& option : command.options) {
      EXPECT_FALSE(option.help.empty()) << command.path << " " << option.names;
      EXPECT_FALSE(option.help.ends_with('.')) << command.path << " " << option.names;
    }
  }
}

TEST_F(CommandTableTest, OptionsWithAValueNameIt) {
  for (const auto& command : m_table) {
    for (const auto& option : command.options) {
      if (!option.is_argument()) {
        EXPECT_EQ(option.is_flag(), option.value.empty()) << command.path << " " << option.names;
      }
    }
  }
}

TEST_F(CommandTableTest, OptionsReferToOptionsOfTheirCommand) {
  for (const auto& command : m_table) {
    for (const auto& option : command.options) {
      EXPECT_TRUE(option.needs.empty() || has_option(command, option.needs)) << command.path << " " << option.names;
      for (const auto& other : option.excludes) {
        EXPECT_TRUE(has_option(command, other)) << command.path << " " << option.names;
      }
    }
  }
}

TEST_F(CommandTableTest, PathsAreUniqueAndBelowExistingGroups) {
  std::set<std::string> paths;
  for (const auto& command : m_table) {
    EXPECT_TRUE(paths.insert(command.path).second) << command.path;
    EXPECT_NE(find_command(m_table, torc::cli::parent_path(command.path)), nullptr) << command.path;
    EXPECT_TRUE(command.run || !torc::cli::commands_below(m_table, command.path).empty()) << command.path;
  }
}

TEST_F(CommandTableTest, SuggestionsAreForWordsThatAreNotCommandsAndNameCommands) {
  for (const auto& suggestion : command_suggestions()) {
    EXPECT_EQ(find_command(m_table, suggestion.words), nullptr) << suggestion.words;
    for (const auto& command : suggestion.commands) {
      const auto path = command.substr(0, command.find(" --"));
      const CommandInfo* found = find_command(m_table, path);
      ASSERT_NE(found, nullptr) << command;
      EXPECT_TRUE(found->run) << command;
      for (const auto& word : torc::base::split(command.substr(path.size()), ' ')) {
        EXPECT_TRUE(word.empty() || has_option(*found, word)) << command;
      }
    }
  }
}

TEST_F(CommandTableTest, HelpIsLaidOutInColumns) {
  const CommandTable table{
      {.path = "", .summary = "Program"},
      {.path = "send",
       .summary = "Send a file",
       .options =
           {{.names = "file", .target = static_cast<std::string*>(nullptr), .required = true, .help = "The file"},
            {.names = "-n,--times",
             .target = static_cast<int*>(nullptr),
             .value = "N",
             .default_text = "5",
             .env = "TIMES",
             .help = "Number of repetitions"},
            {.names = "--an-option-with-a-long-name",
             .target = static_cast<std::string*>(nullptr),
             .value = "MODE",
             .choices = {"fast", "slow"},
             .help = "Text that is long enough to need another line than this one"},
            {.names = "--secret", .target = static_cast<bool*>(nullptr), .hidden = true, .help = "Not shown"}},
       .examples = {{.comment = "Twice", .command = "torc send a.txt \\\n  -n 2"}},
       .run = [](torc::cli::CommandContext&) { return 0; }}};
  EXPECT_EQ(render_help(table, table.back()),
            "Send a file\n"
            "\n"
            "Usage: torc send [OPTIONS] <FILE>\n"
            "\n"
            "Arguments:\n"
            "  <FILE>  The file\n"
            "\n"
            "Options:\n"
            "  -n, --times N  Number of repetitions [default: 5] [env: TIMES]\n"
            "      --an-option-with-a-long-name MODE\n"
            "                 Text that is long enough to need another line than this one\n"
            "                 [possible values: fast, slow]\n"
            "  -h, --help     Print help\n"
            "\n"
            "See 'torc --help' for the options of every command (-f json, --url, -s, ...).\n"
            "\n"
            "Examples:\n"
            "  # Twice\n"
            "  torc send a.txt \\\n"
            "    -n 2");
}

TEST(HelpCommand, PrintsTheSameAsTheOption) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{}, {"remote"}, {"remote", "run"}, {"logs"}, {"logs", "bundle"}}) {
    auto with_option = words;
    with_option.emplace_back("--help");
    auto with_command = words;
    with_command.insert(with_command.begin(), "help");
    const auto result = run_cli(with_command);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.out, run_cli(with_option).out);
    EXPECT_TRUE(result.out.find("Usage: torc") != std::string::npos) << result.out;
  }
}

TEST(HelpCommand, RejectsWordsThatAreNotCommands) {
  const auto result = run_cli({"help", "remote", "start"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(result.err, "Error: unknown command 'start'; did you mean 'torc remote run'? See 'torc remote --help'.\n");
}

TEST(HelpCommand, DescribesCommandsAsJson) {
  const auto result = run_cli({"-f", "json", "help", "remote", "watch"});
  const auto commands = nlohmann::json::parse(result.out).at("commands");
  ASSERT_EQ(commands.size(), 1U);
  EXPECT_EQ(commands[0]["path"], "remote watch");
  const auto& options = commands[0]["options"];
  const auto interval =
      std::find_if(options.begin(), options.end(), [](const auto& each) { return each["names"][0] == "--interval"; });
  ASSERT_NE(interval, options.end());
  EXPECT_EQ((*interval)["value"], "SECONDS");
  EXPECT_EQ((*interval)["default"], "30");
  EXPECT_EQ((*interval)["range"], nlohmann::json({1.0, 86'400.0}));
}

TEST(VersionCommand, PrintsInterfaceProgramAndBuild) {
  const auto text = run_cli({"version"});
  EXPECT_TRUE(text.out.starts_with("torc 0.23.0\nversion 1.")) << text.out;
  const auto document = nlohmann::json::parse(run_cli({"-f", "json", "version"}).out);
  EXPECT_EQ(document["interface_version"], "0.23.0");
  EXPECT_FALSE(document["version"].get<std::string>().empty());
  EXPECT_FALSE(document["build"].get<std::string>().empty());
}
