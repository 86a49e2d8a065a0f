#pragma once

#include <string>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace torc::cli {

/// The subcommand that parsing reached: the root itself where no word named one.
CLI::App& reached_command(CLI::App& app);

/// A failure to parse in this program's words, the way to the right help included.
std::string explain_parse_error(CLI::App& app, const CLI::ParseError& error);

}  // namespace torc::cli
