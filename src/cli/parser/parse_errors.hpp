#pragma once

#include <string>
#include <vector>

#include "cli/parser/command_info.hpp"

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace torc::cli {

/// The subcommand that parsing reached; the root itself if no word names a subcommand.
const CLI::App& reached_app(const CLI::App& app);

/// How far parsing came.
struct ParsedSoFar {
  const CommandTable& table;
  const std::vector<Suggestion>& suggestions;
  const CommandInfo& command;  ///< The command named by the words so far.
};

/// "unknown command 'stat'; did you mean 'status'? See 'torc --help'."
/// @param word  The word that is not a command below `parsed.command`.
std::string explain_unknown_command(const ParsedSoFar& parsed, const std::string& word);

/// Why parsing failed, with a reference to the help of the command.
std::string explain_parse_error(const ParsedSoFar& parsed, const CLI::App& root, const CLI::ParseError& error);

}  // namespace torc::cli
