#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"

namespace CLI {
class App;
}  // namespace CLI

namespace torc::cli {

/// Parses command lines as a table of commands describes them. CLI11 is the engine, behind a header of our own because
/// every file that includes CLI11 compiles all of it. Single-threaded.
class CommandLine {
 public:
  /// @param table  Must outlive this object, and so must the targets of its options.
  /// @param version  What --version prints.
  CommandLine(const CommandTable& table, const std::vector<Suggestion>& suggestions, const std::string& version);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  /// Writes the targets of options.
  /// @returns the text to print instead if the words ask for help or the version
  /// @throws UsageError
  std::optional<std::string> parse(int argc, const char* const* argv);

  /// The command that the words name; a group, or the program, if they name no command.
  const CommandInfo& command() const;

 private:
  void add_option(CLI::App& app, const OptionInfo& info);
  void add_command(CLI::App& app, const CommandInfo& info);

  const CommandTable& m_table;
  const std::vector<Suggestion>& m_suggestions;
  std::map<std::string, CLI::App*, std::less<>> m_apps{};
  std::unique_ptr<CLI::App> m_app;
};

}  // namespace torc::cli
