#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace torc::proc {

/// A program to run to its end, its input, and the limits of the call.
struct Command {
  std::vector<std::string> argv{};
  std::optional<std::vector<std::string>> env{};  ///< "NAME=value" entries; not set: this program's environment.
  std::string input{};                            ///< Written to standard input, which is then closed (see `answer`).

  /// A dialogue with one question: called once with all standard output before the first line that equals `question`.
  /// The return value is written to standard input, which is then closed. Empty: no dialogue.
  std::function<std::string(std::string_view output)> answer{};
  std::string question{};

  std::chrono::milliseconds limit{60'000};  ///< Time limit of the call; after it, the process group is killed.
  /// If not empty, `limit` restarts whenever `progress_file` has grown by some kilobytes (for downloads).
  std::string progress_file{};
  /// If set, `limit` restarts whenever the program or its descendants have read or written some kilobytes (for uploads,
  /// where no local file grows).
  bool limit_is_standstill{false};
  /// If not empty, `limit` restarts whenever the program prints a line "PROGRESS_MARK N" with an integer larger than
  /// those of all such lines before.
  std::string progress_mark{};
  /// The call ends after this time regardless of progress. The time that `answer` takes does not count.
  std::optional<std::chrono::milliseconds> longest{};
  /// The call ends if `progress_file` grows beyond this size (`End::flooded`).
  std::int64_t progress_file_limit{std::numeric_limits<std::int64_t>::max()};

  std::size_t output_limit{64UL << 20U};  ///< Maximum bytes kept per stream; the rest is discarded,
  bool flood_is_failure{false};           ///< or, if this is set, ends the call (`End::flooded`).
  std::stop_token kill_now{};             ///< When requested, a process that is being ended gets SIGKILL at once.
};

/// The result of a command. A value instead of an exception, so that a fan-out can report every result.
struct CommandResult {
  enum class End {
    exited,
    signaled,
    timed_out,
    canceled,
    not_started,
    flooded,  ///< It exceeded a limit for its output or `progress_file`.
  };

  End end{End::not_started};
  int code{0};        ///< Exit code if `exited`, signal number if `signaled`.
  std::string out{};  ///< Standard output as raw bytes (with a dialogue, only the part after the question).
  std::string err{};  ///< Standard error, or the reason why the program was not started.

  bool ok() const { return end == End::exited && code == 0; }
};

/// Runs a command and waits for its end. Both output pipes are drained while waiting, so no amount of output blocks the
/// child. When `stop` is requested or the limit passes, the child's process group gets SIGTERM, and SIGKILL two seconds
/// later.
///
/// Thread-safety: callable from many threads at once.
/// @throws SystemError if this machine cannot create pipes or processes at all
CommandResult run_command(const Command& command, const std::stop_token& stop = {});

}  // namespace torc::proc
