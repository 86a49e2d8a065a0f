#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::runner {

/// The words of a command line that has the same meaning for bash and execve(2): a program and plain words, without
/// anything that a shell would interpret, and whose program is neither a bash keyword nor a builtin (except true and
/// false, which equal the programs). No value for all other command lines.
std::optional<std::vector<std::string>> plain_words(std::string_view command);

/// Finds programs as bash does, and caches what it found. If the environment changes the behavior of bash (BASH_ENV,
/// exported functions), no command is simple. One thread.
class SimpleCommands {
 public:
  /// @param environment  The environment that jobs inherit, as "NAME=value" entries.
  explicit SimpleCommands(const std::vector<std::string>& environment);

  /// The argument list for execvp(3); no value if the command needs a shell.
  std::optional<std::vector<std::string>> argv(std::string_view command);

 private:
  bool find(const std::string& program);

  bool m_usable{true};
  std::vector<std::string> m_path;
  std::map<std::string, bool> m_known;
};

}  // namespace torc::runner
