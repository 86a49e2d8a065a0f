#pragma once

#include <string>

namespace torc::runner {

/// The shell that runs the command lines of jobs and actions, as `PROGRAM -c LINE`.
struct JobShell {
  std::string program{"bash"};  ///< An absolute path, or a name that is searched for in PATH.
  bool replaces_bash{false};    ///< Chosen because this machine has no bash.

  /// Whether plain words may be started without the shell. A shell in another place than the system's, or of another
  /// name, may be a wrapper that prepares something for every command.
  bool is_known() const;
};

/// @param wanted  The user's choice: a path, which may start with ~/, or a name. It is started once as a test. Empty:
///                bash, or sh on machines without bash.
/// @throws base::Error that says why the shell cannot be used
JobShell choose_shell(const std::string& wanted);

}  // namespace torc::runner
