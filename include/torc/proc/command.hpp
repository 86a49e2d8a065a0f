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

/// One program run to its end, with its input given and its output caught.
struct Command {
  std::vector<std::string> argv{};
  std::optional<std::vector<std::string>> env{};  ///< "NAME=value" each; nothing: this program's own environment.
  std::string input{};                            ///< Given on standard input, which is then closed (see `answer`).

  /// A dialogue of one question: called once with everything on standard output up to and without the first line that
  /// equals `question`; what it returns goes to standard input, which is closed then. Empty: no dialogue.
  std::function<std::string(std::string_view output)> answer{};
  std::string question{};

  std::chrono::milliseconds limit{60'000};  ///< For the whole call; then the process group is killed.
  /// Where not empty: `limit` is counted anew whenever `progress_file` grew by some kilobytes (for what is fetched).
  std::string progress_file{};
  /// `limit` is counted anew as long as the program, or what it started, reads or writes some kilobytes (for what is
  /// sent, where nothing grows here).
  bool limit_is_standstill{false};
  /// Where not empty: `limit` is counted anew whenever the program prints a line "PROGRESS_MARK N" with a whole number
  /// larger than that of all such lines before.
  std::string progress_mark{};
  /// Whatever progress it makes: the call ends after this time. The time that `answer` takes does not count.
  std::optional<std::chrono::milliseconds> longest{};
  /// A `progress_file` that grows beyond this ends the call (`End::flooded`).
  std::int64_t progress_file_limit{std::numeric_limits<std::int64_t>::max()};

  std::size_t output_limit{64UL << 20U};  ///< Bytes kept of each stream; the rest is read and dropped,
  bool flood_is_failure{false};           ///< or with this ends the call (`End::flooded`).
  std::stop_token kill_now{};             ///< Requested: what is being ended gets SIGKILL at once.
};

/// How a command ended. A value, never an exception: a fan-out reports every one.
struct CommandResult {
  enum class End {
    exited,
    signaled,
    timed_out,
    canceled,
    not_started,
    flooded,  ///< It printed or fetched more than it may.
  };

  End end{End::not_started};
  int code{0};        ///< Exit code if `exited`, signal number if `signaled`.
  std::string out{};  ///< Standard output, bytes as they came (with a dialogue: what came after the question).
  std::string err{};  ///< Standard error, or why the program did not start.

  bool ok() const { return end == End::exited && code == 0; }
};

/// Runs it and waits. Both pipes are drained while waiting, so no amount of output blocks the child. When `stop` is
/// requested or the limit passes, the child's process group gets SIGTERM, two seconds later SIGKILL.
///
/// Thread-safety: may be called by many threads at once.
/// @throws SystemError if this machine cannot create pipes or processes at all
CommandResult run_command(const Command& command, const std::stop_token& stop = {});

}  // namespace torc::proc
