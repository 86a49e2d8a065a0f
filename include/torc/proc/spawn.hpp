#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// How to start a child process. Descriptors are borrowed for the call; no other descriptors of this program stay open
/// in the child.
struct SpawnOptions {
  std::vector<std::string> argv{};                ///< argv[0] is searched in PATH if it has no slash.
  std::optional<std::vector<std::string>> env{};  ///< "NAME=value" entries; not set: this program's environment.
  std::string directory{};                        ///< Working directory; empty: that of this program.
  int stdin_fd{-1};                               ///< -1: /dev/null
  int stdout_fd{-1};                              ///< -1: /dev/null
  int stderr_fd{-1};                              ///< -1: /dev/null
  /// cgroup.procs of a cgroup, open for writing. The child moves there before it executes the program. -1: it stays in
  /// this process's cgroup.
  int join_fd{-1};
  /// Signal that the child (but none of its descendants) gets when the thread that starts it ends or is killed; 0:
  /// none.
  int death_signal{0};
  bool new_session{false};  ///< Whether the child gets its own session, and thus its own process group.
  bool new_group{true};     ///< Whether the child gets its own process group, if it has no new session.
};

/// The end of a process.
struct ExitStatus {
  bool signaled{false};
  int code{0};  ///< Exit code, or the signal number if `signaled`.

  /// The return code as in shells: 128 + N for signal N.
  int return_code() const { return signaled ? 128 + code : code; }
  bool ok() const { return !signaled && code == 0; }

  /// Converts the status of waitpid(2).
  static ExitStatus from_wait_status(int status);
};

/// One child process. Move-only. The destructor kills a child that still runs, with its whole process group, and reaps
/// it.
class Child {
 public:
  /// @throws SystemError that names argv[0] if the program cannot be executed; Error if an argument or environment
  /// entry contains a NUL byte, which cannot be passed to a program
  static Child spawn(const SpawnOptions& options);

  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const noexcept { return m_pid; }
  /// Becomes readable (poll, epoll) when the child has ended.
  int end_fd() const noexcept { return m_end.get(); }
  bool running() const noexcept { return m_pid > 0; }
  /// Why the child could not join the cgroup, as an errno value; 0 if it did, or if there was none to join.
  int join_error() const noexcept { return m_join_error; }

  /// Waits until the child ends, and reaps it. Requires `running()`.
  ExitStatus wait();
  /// Reaps the child if it has ended. No value if it still runs or was reaped before.
  std::optional<ExitStatus> try_wait();
  /// Signals the child's process group, or only the child if it does not have its own group. Ignored if the child has
  /// ended.
  void signal(int number) const noexcept;

 private:
  Child(pid_t pid, base::Fd end, bool leads_group, int join_error) noexcept;
  static Child watched(pid_t pid, const SpawnOptions& options, int join_error = 0);
  void end() noexcept;

  pid_t m_pid{-1};
  base::Fd m_end;
  bool m_leads_group{false};
  int m_join_error{0};
};

/// Whether PATH has a program of this name that this user may execute.
bool is_in_path(const std::string& program);

/// Prepares the signal state of this program and its children: ignores SIGPIPE here, and SIGXFSZ, so that a file that
/// reaches the limit of `ulimit -f` is an error like a full disk. Children get default handlers for all signals, and
/// the mask that this program was started with. Call this once in main before threads start.
void prepare_signals_for_children();

}  // namespace torc::proc
