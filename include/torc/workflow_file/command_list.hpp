#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "torc/workflow_file/workflow_description.hpp"

namespace torc::workflow_file {

/// One command, in which `{p}` stands for the values of the parameter p.
struct CommandPattern {
  std::string line{};                ///< For the shell, as it stands.
  std::vector<std::string> words{};  ///< Where there are any, instead of `line`: quoted after the values are put in.
};

/// How several parameters go together.
enum class Link {
  product,  ///< Every value with every other one.
  zip,      ///< The first values together, then the second ones.
};

/// What `fd` has to be read: a file of commands or of values, which may be a pipe.
/// @throws base::Error where it cannot be read, or does not end within 256 MiB
std::string read_list(int fd);

/// The commands in a text, one a line, without the white space around them. Blank lines and lines that begin with '#'
/// are none.
std::vector<std::string> parse_command_lines(std::string_view text);

/// Jobs "job1", "job2", ...: each command with every combination of the parameters' values.
/// @param parameters  Texts NAME=VALUE. VALUE is a range or list as in workflow files, one value, or "@FILE" for the
///                    lines of a file (blank ones and those that begin with '#' left out).
/// @throws base::UsageError where a parameter or a command makes no sense; base::Error where a file cannot be read
std::vector<JobDescription> expand_commands(const std::vector<CommandPattern>& commands,
                                            const std::vector<std::string>& parameters, Link link);

}  // namespace torc::workflow_file
