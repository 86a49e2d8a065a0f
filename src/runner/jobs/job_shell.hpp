#pragma once

#include <string>

namespace torc::runner {

/// The shell that runs the command lines of jobs and actions, as `PROGRAM -c LINE`.
struct JobShell {
  std::string program{"bash"};  ///< A path, or a name that is searched for in PATH.
  bool replaces_bash{false};    ///< Chosen because this machine has no bash.

  /// Whether the program and its arguments may be started without the shell if the line has no special characters:
  /// only for shells whose command search is known.
  bool is_known() const;
};

/// @param wanted  The user's choice; empty: bash, or sh on machines without bash
/// @throws base::Error if PATH does not contain the shell
JobShell choose_shell(const std::string& wanted);

}  // namespace torc::runner
