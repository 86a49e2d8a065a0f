#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::runner {

/// The words of a command line that means the same to bash as to execve(2): a program and plain words, with nothing in
/// it that a shell would do something about, and whose program is neither a builtin (but true and false, which are
/// what the programs are) nor a keyword of bash. Nothing for all others.
std::optional<std::vector<std::string>> plain_words(std::string_view command);

/// Finds programs as bash would, and remembers them. Where the environment changes what bash does (BASH_ENV, exported
/// functions) nothing is simple. One thread.
class SimpleCommands {
 public:
  /// @param environment  What jobs inherit, "NAME=value" each.
  explicit SimpleCommands(const std::vector<std::string>& environment);

  /// The argument list for execve(2), the program's path in front; nothing where bash has to do it.
  std::optional<std::vector<std::string>> argv(std::string_view command);

 private:
  bool find(const std::string& program);

  bool m_usable{true};
  std::vector<std::string> m_path;
  std::map<std::string, bool> m_known;
};

}  // namespace torc::runner
