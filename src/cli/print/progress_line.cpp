#include "cli/print/progress_line.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "torc/base/printable.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_between_changes{100};
constexpr milliseconds k_between_ticks{1'000};
/// Before this time, a rate would be a guess.
constexpr milliseconds k_first_rate{500};

std::string rate_text(double per_second) {
  if (per_second >= 10) {
    return fmt::format("{:.0f}/s", per_second);
  }
  if (per_second >= 1) {
    return fmt::format("{:.1f}/s", per_second);
  }
  return per_second * 60 >= 1 ? fmt::format("{:.1f}/min", per_second * 60)
                              : fmt::format("{:.1f}/h", per_second * 3'600);
}

/// Rounds to whole seconds, since tenths of an estimate are meaningless.
std::string time_text(double seconds) {
  constexpr double k_longest = 1e9;
  const auto whole = static_cast<std::int64_t>(std::ceil(std::min(seconds, k_longest)));
  return whole < 10 ? fmt::format("{} s", whole) : base::format_duration(milliseconds(whole * 1'000));
}

/// The width of the terminal in columns, or a common width if it is unknown.
std::size_t terminal_width() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void write_line(const std::string& text) {
  // A line that wraps could not be erased.
  const std::string line = base::printable_line(text);
  const std::string shown = "\r\x1b[K" + std::string(base::cut_to_columns(line, terminal_width() - 1));
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, shown.data(), shown.size());
}

}  // namespace

std::string progress_text(const app::Progress& progress) {
  const std::int64_t done = progress.done_before + progress.done_here;
  std::string text = fmt::format("{}/{} jobs  {} running", done, progress.total, progress.running);
  if (progress.failed > 0) {
    text += fmt::format("  {} failed", progress.failed);
  }
  if (progress.done_here > 0 && progress.elapsed >= k_first_rate) {
    const double rate = static_cast<double>(progress.done_here) * 1'000 / static_cast<double>(progress.elapsed.count());
    text += "  " + rate_text(rate);
    if (done < progress.total) {
      text += fmt::format("  about {} left", time_text(static_cast<double>(progress.total - done) / rate));
    }
  }
  return text;
}

ProgressLine::ProgressLine(std::int64_t total, std::int64_t done_before, bool wanted)
    : m_progress{.total = total, .done_before = done_before} {
  if (wanted && can_be_seen()) {
    m_painter = std::jthread([this](const std::stop_token& stop) { paint_until(stop); });
  }
}

ProgressLine::~ProgressLine() {
  if (m_painter.joinable()) {
    m_painter.request_stop();
    m_painter.join();
    write_line("");
  }
}

bool ProgressLine::can_be_seen() {
  return ::isatty(STDERR_FILENO) != 0;
}

void ProgressLine::show(std::int64_t done_here, std::int64_t running, std::int64_t failed) {
  if (!m_painter.joinable()) {
    return;
  }
  {
    const std::lock_guard lock(m_mutex);
    m_progress.done_here = done_here;
    m_progress.running = running;
    m_progress.failed = failed;
    m_changed = true;
  }
  m_wake.notify_one();
}

void ProgressLine::paint_until(const std::stop_token& stop) {
  std::unique_lock lock(m_mutex);
  while (!stop.stop_requested()) {
    m_wake.wait_for(lock, stop, k_between_ticks, [this] { return m_changed; });
    m_changed = false;
    app::Progress progress = m_progress;
    progress.elapsed = std::chrono::duration_cast<milliseconds>(Clock::now() - m_started);
    lock.unlock();
    if (!stop.stop_requested()) {
      write_line(" " + progress_text(progress));
    }
    lock.lock();
    // Changes during the pause are shown together; the end interrupts it.
    m_wake.wait_for(lock, stop, k_between_changes, [] { return false; });
  }
}

}  // namespace torc::cli
