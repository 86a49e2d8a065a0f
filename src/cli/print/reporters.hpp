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

/// Prints events as lines of text.
class PlainReporter : public app::Reporter {
 public:
  /// @param output  Must outlive this object. @param watch  The stream for snapshots of a fleet; other events have a
  /// fixed stream.
  PlainReporter(const Output& output, WatchView::Target watch) : m_output(output), m_view(output, watch) {}

  void report(const app::Event& event) override;

 protected:
  const Output& output() const { return m_output; }

 private:
  const Output& m_output;
  std::mutex m_mutex{};
  WatchView m_view;  ///< Under m_mutex.
};

/// Like PlainReporter, but updates progress in place on standard error.
class TerminalReporter : public PlainReporter {
 public:
  using PlainReporter::PlainReporter;

  void report(const app::Event& event) override;
  bool shows_progress() const override { return true; }

 private:
  std::mutex m_mutex{};
  std::optional<ProgressLine> m_progress{};  ///< Under m_mutex.
};

/// For `-f json`: prints snapshots of a fleet and changes of a tunnel as lines of JSON, and warnings on standard error.
/// Other events are ignored, because the command's final document contains their results.
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

/// The reporter for this output: JSON, a terminal at standard error, or lines of text.
std::unique_ptr<app::Reporter> make_reporter(const Output& output,
                                             WatchView::Target watch = WatchView::Target::standard_output);

/// For a process in the background: writes events to its log.
std::unique_ptr<app::Reporter> make_log_reporter();

}  // namespace torc::cli
