#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "torc/workflow_file/workflow_description.hpp"

namespace torc::workflow_file {

/// One command, in which `{p}` is replaced by the values of the parameter p.
struct CommandPattern {
  std::string line{};  ///< Command line for the shell, unquoted.
  /// If not empty, used instead of `line`; quoted after the values have been inserted.
  std::vector<std::string> words{};
};

/// How several parameters are combined.
enum class Link {
  product,  ///< All combinations of the values.
  zip,      ///< The first values of all parameters, then the second ones, and so on.
};

/// Reads a file of commands or values, which may be a pipe, to its end.
/// @throws base::Error if it cannot be read, or is larger than 256 MiB
std::string read_list(int fd);

/// The commands in a text, one per line, without surrounding white space. Blank lines and lines that begin with '#' are
/// ignored.
std::vector<std::string> parse_command_lines(std::string_view text);

/// Jobs "job1", "job2", ...: each command with every combination of the parameters' values.
/// @param parameters  Texts NAME=VALUE. VALUE is a range or list as in workflow files, one value, or "@FILE" for the
///                    lines of a file (blank lines and lines that begin with '#' are ignored).
/// @throws base::UsageError if a parameter or a command is not valid; base::Error if a file cannot be read
std::vector<JobDescription> expand_commands(const std::vector<CommandPattern>& commands,
                                            const std::vector<std::string>& parameters, Link link);

}  // namespace torc::workflow_file
