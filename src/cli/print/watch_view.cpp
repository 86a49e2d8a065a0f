#include "cli/print/watch_view.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/print/progress_line.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {

using app::WatchedWorker;
using app::WatchSnapshot;

namespace {

/// Interval between progress lines if they cannot be updated in place.
constexpr std::chrono::seconds k_between_lines{5};

struct TerminalSize {
  std::size_t rows{24};
  std::size_t columns{80};
};

TerminalSize size_of_terminal(int fd) {
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row < 2 || size.ws_col < 2) {
    return {};
  }
  return {.rows = size.ws_row, .columns = size.ws_col};
}

/// Whether a worker is running, or has finished as expected.
bool is_fine(const WatchedWorker& worker) {
  return worker.state == "running" || worker.state == "finished" || worker.state == "ending" || worker.state.empty();
}

std::string heard_text(const WatchedWorker& worker) {
  return worker.heard_ago ? base::format_duration(*worker.heard_ago - *worker.heard_ago % 1000) + " ago" : "";
}

std::string worker_line(const WatchedWorker& worker, std::size_t width) {
  std::string name = base::printable_line(worker.name);
  name.append(width - std::min(width, base::columns_of(name)), ' ');
  std::string line = fmt::format("{} {:<13} {:>8} {:>5} {:>6} {:>10}", name, worker.state.empty() ? "?" : worker.state,
                                 worker.pid ? std::to_string(*worker.pid) : "", worker.running_jobs,
                                 worker.load ? fmt::format("{:.2f}", *worker.load) : "", heard_text(worker));
  if (worker.restarts > 0) {
    line += fmt::format("  restarted {} time(s)", worker.restarts);
  }
  for (std::string message : {worker.message, worker.restart_message}) {
    // The message may be the end of a worker's log, which has several lines.
    std::replace(message.begin(), message.end(), '\n', ' ');
    line += message.empty() ? "" : "  " + base::printable_line(message);
  }
  return line;
}

std::string change_text(const WatchedWorker& worker) {
  std::string text = worker.name + ": " + worker.state;
  if (worker.pid && worker.state == "running") {
    text += fmt::format(" (PID {})", *worker.pid);
  }
  return worker.message.empty() ? text : text + ": " + worker.message;
}

std::string time_now() {
  return base::timestamp_now().substr(11, 8);
}

}  // namespace

std::vector<std::string> watch_lines(const WatchSnapshot& snapshot, std::size_t height) {
  std::vector<std::string> lines{
      fmt::format("Workflow {}: {}", snapshot.workflow_id, progress_text(snapshot.progress))};
  std::size_t width = 20;
  std::vector<const WatchedWorker*> order;
  for (const auto& worker : snapshot.workers) {
    width = std::max(width, base::columns_of(base::printable_line(worker.name)));
    order.push_back(&worker);
  }
  lines.push_back(fmt::format("{:<{}} {:<13} {:>8} {:>5} {:>6} {:>10}", "Host", width, "State", "PID", "Jobs", "Load",
                              "Heartbeat"));
  const std::size_t room = std::max<std::size_t>(height, 4) - lines.size();
  const bool all_fit = order.size() <= room;
  if (!all_fit) {
    std::stable_partition(order.begin(), order.end(), [](const auto* each) { return !is_fine(*each); });
  }
  const std::size_t shown = all_fit ? order.size() : room - 1;
  for (std::size_t i = 0; i < shown; ++i) {
    lines.push_back(worker_line(*order[i], width));
  }
  if (!all_fit) {
    lines.push_back(fmt::format("... and {} more", order.size() - shown));
  }
  return lines;
}

nlohmann::json watch_json(const WatchSnapshot& snapshot) {
  auto workers = nlohmann::json::array();
  for (const auto& each : snapshot.workers) {
    nlohmann::json row{{"worker", each.stored},
                       {"host", each.host},
                       {"ok", is_fine(each)},
                       {"running_jobs", each.running_jobs},
                       {"restarts", each.restarts}};
    if (!each.state.empty()) {
      row["state"] = each.state;
    }
    if (each.pid) {
      row["pid"] = *each.pid;
    }
    if (each.load) {
      row["load"] = *each.load;
    }
    if (each.heard_ago) {
      row["heard_seconds_ago"] = static_cast<double>(each.heard_ago->count()) / 1000.0;
    }
    if (!each.message.empty()) {
      row["message"] = each.message;
    }
    if (!each.restart_message.empty()) {
      row["restart_message"] = each.restart_message;
    }
    workers.push_back(std::move(row));
  }
  const app::Progress& progress = snapshot.progress;
  return {{"time", base::timestamp_now()},
          {"workflow_id", snapshot.workflow_id},
          {"jobs",
           {{"total", progress.total},
            {"done", progress.done_before + progress.done_here},
            {"running", progress.running},
            {"failed", progress.failed}}},
          {"workers", std::move(workers)}};
}

std::vector<std::string> watch_news(const WatchSnapshot* before, const WatchSnapshot& now) {
  std::vector<std::string> news;
  for (std::size_t i = 0; i < now.workers.size(); ++i) {
    const auto& worker = now.workers[i];
    const auto* last = before != nullptr && i < before->workers.size() ? &before->workers[i] : nullptr;
    const bool is_new = last == nullptr || last->state != worker.state || last->pid != worker.pid;
    if (is_new && !worker.state.empty()) {
      news.push_back(change_text(worker));
    }
  }
  return news;
}

WatchView::WatchView(const Output& output, Target target)
    : m_output(output),
      m_target(target),
      m_on_terminal(::isatty(target == Target::standard_output ? STDOUT_FILENO : STDERR_FILENO) != 0) {}

bool WatchPace::is_due(const WatchSnapshot& snapshot) {
  const auto now = Clock::now();
  m_news = watch_news(m_last ? &*m_last : nullptr, snapshot);
  const bool is_over = snapshot.progress.done_before + snapshot.progress.done_here == snapshot.progress.total;
  const bool is_due = !m_last || !m_printed_at || !m_news.empty() || is_over || now - *m_printed_at >= k_between_lines;
  if (is_due) {
    m_printed_at = now;
  }
  m_last = snapshot;
  return is_due;
}

void WatchView::show(const WatchSnapshot& snapshot) {
  if (m_on_terminal) {
    paint(snapshot);
  } else if (m_pace.is_due(snapshot)) {
    for (const auto& line : m_pace.news()) {
      print(line);
    }
    print(progress_text(snapshot.progress));
  }
}

void WatchView::tell(const std::string& line) {
  if (m_on_terminal) {
    m_painted = 0;  // The printed lines stay, and the new line follows them.
  }
  print(line);
  m_pace.make_due();
}

void WatchView::print(const std::string& line) const {
  const std::string text = time_now() + " " + line;
  m_target == Target::standard_output ? m_output.line(text) : m_output.note(text);
}

void WatchView::paint(const WatchSnapshot& snapshot) {
  const int fd = m_target == Target::standard_output ? STDOUT_FILENO : STDERR_FILENO;
  const auto size = size_of_terminal(fd);
  std::string text = m_painted > 0 ? fmt::format("\x1b[{}A\r\x1b[J", m_painted) : "";
  const auto lines = watch_lines(snapshot, size.rows - 1);
  for (const auto& line : lines) {
    // A line that wraps could not be overwritten.
    text += base::cut_to_columns(base::printable_line(line), size.columns - 1);
    text += '\n';
  }
  m_painted = lines.size();
  [[maybe_unused]] const ssize_t written = ::write(fd, text.data(), text.size());
}

}  // namespace torc::cli
