#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "torc/app/fleet/watch_snapshot.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// Lines of text: the progress, a heading, and a line per worker. At most `height` lines: if there are more workers,
/// those with problems come first, and the rest are counted.
std::vector<std::string> watch_lines(const app::WatchSnapshot& snapshot, std::size_t height);

/// One line of JSON: {"time", "workflow_id", "jobs", "workers"}
nlohmann::json watch_json(const app::WatchSnapshot& snapshot);

/// The changes since the previous snapshot, one per line, for output that cannot be updated in place.
std::vector<std::string> watch_news(const app::WatchSnapshot* before, const app::WatchSnapshot& now);

/// Selects the snapshots to print if they cannot be updated in place: the first and the last one, those with changes,
/// and one at regular intervals.
class WatchPace {
 public:
  /// Call this with each snapshot. @returns whether to print it
  bool is_due(const app::WatchSnapshot& snapshot);
  void make_due() { m_printed_at.reset(); }
  /// The changes in the last snapshot passed to `is_due`.
  const std::vector<std::string>& news() const { return m_news; }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<app::WatchSnapshot> m_last{};
  std::vector<std::string> m_news{};
  std::optional<Clock::time_point> m_printed_at{};
};

/// Shows snapshots: updated in place on a terminal; otherwise prints the changes, each with the time.
class WatchView {
 public:
  enum class Target { standard_output, standard_error };

  WatchView(const Output& output, Target target);

  void show(const app::WatchSnapshot& snapshot);
  /// Shows a line about another event, such as a restarted worker.
  void tell(const std::string& line);

 private:
  void print(const std::string& line) const;
  void paint(const app::WatchSnapshot& snapshot);

  const Output& m_output;
  Target m_target;
  bool m_on_terminal;
  std::size_t m_painted{0};  ///< Number of lines on the terminal that the next snapshot replaces.
  WatchPace m_pace{};
};

}  // namespace torc::cli
