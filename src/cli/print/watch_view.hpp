#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "cli/print/progress_line.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// One worker as somebody who watches sees it.
struct WatchedWorker {
  std::string name{};
  std::string stored{};
  std::string host{};
  std::string state{};  ///< As in the JSON of `torc remote status`, or "" while nobody knows.
  std::optional<std::int64_t> pid{};
  std::int64_t running_jobs{0};
  std::optional<double> load{};  ///< Of the last minute: processes that want to run.
  std::optional<std::chrono::milliseconds> heard_ago{};
  std::string message{};
  std::int64_t restarts{0};
  std::string restart_message{};  ///< Why it is not started again, or why the last start failed.
};

/// How a workflow and its workers stand at one time.
struct WatchSnapshot {
  model::Id workflow_id{0};
  Progress progress{};
  std::vector<WatchedWorker> workers{};
};

/// Lines of text: the progress, a heading, a line for each worker. At most `height`: workers that need a look come
/// first then, and the others are counted.
std::vector<std::string> watch_lines(const WatchSnapshot& snapshot, std::size_t height);

/// One line of JSON: {"time", "workflow_id", "jobs", "workers"}
nlohmann::json watch_json(const WatchSnapshot& snapshot);

/// What is new since the snapshot before, a line each, for where lines cannot be painted over.
std::vector<std::string> watch_news(const WatchSnapshot* before, const WatchSnapshot& now);

/// Shows snapshots on a terminal, over the one before; elsewhere prints what is new, with the time in front.
class WatchView {
 public:
  enum class Target { standard_output, standard_error };

  WatchView(const Output& output, Target target);

  void show(const WatchSnapshot& snapshot);
  /// An event of its own: a worker that was started again.
  void tell(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  void print(const std::string& line) const;
  void paint(const WatchSnapshot& snapshot);

  const Output& m_output;
  Target m_target;
  bool m_on_terminal;
  std::size_t m_painted{0};  ///< Lines on the terminal that the next snapshot replaces.
  std::optional<WatchSnapshot> m_last{};
  Clock::time_point m_told_at{};
};

}  // namespace torc::cli
