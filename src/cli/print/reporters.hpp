#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "cli/print/progress_line.hpp"
#include "cli/print/watch_view.hpp"
#include "torc/app/reporter.hpp"
#include "torc/cli/command.hpp"

namespace torc::cli {

/// Prints events as lines for people.
class PlainReporter : public app::Reporter {
 public:
  /// @param output  Outlives this. @param watch  Where snapshots of a fleet go; the rest has its fixed place.
  PlainReporter(const Output& output, WatchView::Target watch) : m_output(output), m_view(output, watch) {}

  void report(const app::Event& event) override;

 protected:
  const Output& output() const { return m_output; }

 private:
  const Output& m_output;
  std::mutex m_mutex{};
  WatchView m_view;  ///< Under m_mutex.
};

/// As PlainReporter; progress is painted over itself on standard error.
class TerminalReporter : public PlainReporter {
 public:
  using PlainReporter::PlainReporter;

  void report(const app::Event& event) override;
  bool shows_progress() const override { return true; }

 private:
  std::mutex m_mutex{};
  std::optional<ProgressLine> m_progress{};  ///< Under m_mutex.
};

/// For `-f json`: snapshots of a fleet and changes of a tunnel as lines of JSON, warnings on standard error; the rest is in the document that the
/// command prints at its end.
class JsonReporter : public app::Reporter {
 public:
  JsonReporter(const Output& output, WatchView::Target watch) : m_output(output), m_watch(watch) {}

  void report(const app::Event& event) override;

 private:
  const Output& m_output;
  WatchView::Target m_watch;
  std::mutex m_mutex{};
  WatchPace m_pace{};  ///< Under m_mutex.
};

/// The one for this output: JSON, a terminal at standard error, or lines.
std::unique_ptr<app::Reporter> make_reporter(const Output& output,
                                             WatchView::Target watch = WatchView::Target::standard_output);

/// For a process in the background: what happens goes to its log.
std::unique_ptr<app::Reporter> make_log_reporter();

}  // namespace torc::cli
