#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"

namespace torc::proc {

/// How a child process is started. Descriptors are borrowed for the call; whatever else this program has open stays
/// closed in the child.
struct SpawnOptions {
  std::vector<std::string> argv{};                ///< argv[0] is looked up in PATH where it holds no slash.
  std::optional<std::vector<std::string>> env{};  ///< "NAME=value" each; nothing: this program's own environment.
  std::string directory{};                        ///< Working directory; empty: this program's own.
  int stdin_fd{-1};                               ///< -1: /dev/null
  int stdout_fd{-1};                              ///< -1: /dev/null
  int stderr_fd{-1};                              ///< -1: /dev/null
  /// A cgroup's cgroup.procs, opened for writing: the child moves there before it executes the program. -1: it stays in
  /// this process's group.
  int join_fd{-1};
  /// Gets the child (it alone, nothing below it) when the thread that starts it here ends, or is killed; 0: none.
  int death_signal{0};
  bool new_session{false};  ///< A session (and so a process group) of its own.
  bool new_group{true};     ///< A process group of its own, where there is no new session.
};

/// How a process ended.
struct ExitStatus {
  bool signaled{false};
  int code{0};  ///< Exit code, or the signal's number if `signaled`.

  /// The return code as shells count: 128 + N for signal N.
  int return_code() const { return signaled ? 128 + code : code; }
  bool ok() const { return !signaled && code == 0; }

  /// From the status word of waitpid(2).
  static ExitStatus from_wait_status(int status);
};

/// One child process. Move-only; a child that still runs at the end of this object's life is killed (its whole
/// process group) and reaped.
class Child {
 public:
  /// @throws SystemError that names argv[0] when the program cannot be executed; Error where a word of the argument
  /// list or environment holds a NUL byte, which no program can be given
  static Child spawn(const SpawnOptions& options);

  Child() = default;
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const noexcept { return m_pid; }
  /// Readable (poll, epoll) once the child has ended.
  int end_fd() const noexcept { return m_end.get(); }
  bool running() const noexcept { return m_pid > 0; }
  /// The errno value that says why it did not join the group that it was to; 0 where it did, or was to join none.
  int join_error() const noexcept { return m_join_error; }

  /// Waits until the child ends, and reaps it. Only while it is `running()`.
  ExitStatus wait();
  /// Reaps the child if it has ended; nothing if it still runs or was reaped before.
  std::optional<ExitStatus> try_wait();
  /// Signals the child's process group (the child alone where it has none of its own). No error when it is gone.
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

/// Whether PATH has a program of that name that this user may execute.
bool is_in_path(const std::string& program);

/// Signal state for the programs this one starts: ignores SIGPIPE here. Called once in main before threads start.
/// Children get every signal at its default and the mask that this program was started with.
void prepare_signals_for_children();

}  // namespace torc::proc
