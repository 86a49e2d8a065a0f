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

/// Lines of text: the progress, a heading, a line for each worker. At most `height`: workers that need a look come
/// first then, and the others are counted.
std::vector<std::string> watch_lines(const app::WatchSnapshot& snapshot, std::size_t height);

/// One line of JSON: {"time", "workflow_id", "jobs", "workers"}
nlohmann::json watch_json(const app::WatchSnapshot& snapshot);

/// What is new since the snapshot before, a line each, for where lines cannot be painted over.
std::vector<std::string> watch_news(const app::WatchSnapshot* before, const app::WatchSnapshot& now);

/// Which snapshots are worth telling where lines stay: the first and the last one, those with news, and one now and then.
class WatchPace {
 public:
  /// To be called with each snapshot.
  bool is_due(const app::WatchSnapshot& snapshot);
  void make_due() { m_told_at.reset(); }
  /// What was new in the last snapshot that `is_due` got.
  const std::vector<std::string>& news() const { return m_news; }

 private:
  using Clock = std::chrono::steady_clock;

  std::optional<app::WatchSnapshot> m_last{};
  std::vector<std::string> m_news{};
  std::optional<Clock::time_point> m_told_at{};
};

/// Shows snapshots on a terminal, over the one before; elsewhere prints what is new, with the time in front.
class WatchView {
 public:
  enum class Target { standard_output, standard_error };

  WatchView(const Output& output, Target target);

  void show(const app::WatchSnapshot& snapshot);
  /// An event of its own: a worker that was started again.
  void tell(const std::string& line);

 private:
  void print(const std::string& line) const;
  void paint(const app::WatchSnapshot& snapshot);

  const Output& m_output;
  Target m_target;
  bool m_on_terminal;
  std::size_t m_painted{0};  ///< Lines on the terminal that the next snapshot replaces.
  WatchPace m_pace{};
};

}  // namespace torc::cli
