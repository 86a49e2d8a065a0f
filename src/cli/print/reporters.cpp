#include "cli/print/reporters.hpp"

#include <unistd.h>

#include <type_traits>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/print/fleet_lines.hpp"
#include "cli/print/tunnel_text.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::cli {
namespace {

/// The text of an event that is printed on standard error in every format; std::nullopt for other events.
std::optional<std::string> warning_text(const app::Event& event) {
  if (const auto* warning = std::get_if<app::Warning>(&event)) {
    return warning->text;
  }
  if (const auto* away = std::get_if<app::ServerAway>(&event)) {
    return "waiting for the server: " + away->reason;
  }
  if (const auto* awaited = std::get_if<app::TunnelStartAwaited>(&event)) {
    return "Waiting for another command that starts the server tunnel: " + awaited->holder;
  }
  if (const auto* jobs = std::get_if<app::JobsOfKilledRequeued>(&event)) {
    return fmt::format("Requeued {} of killed runners", base::counted(jobs->count, "unfinished job"));
  }
  if (const auto* ending = std::get_if<app::TunnelEnding>(&event);
      ending != nullptr && ending->how == app::TunnelEnding::How::stuck) {
    return fmt::format("The server tunnel's process {} did not end", ending->pid);
  }
  return std::nullopt;
}

std::string ending_text(const app::TunnelEnding& ending) {
  switch (ending.how) {
    case app::TunnelEnding::How::when_idle:
      return "The server tunnel will end once no runner needs it";
    case app::TunnelEnding::How::ended:
      return fmt::format("Server tunnel ended (PID {})", ending.pid);
    case app::TunnelEnding::How::nothing:
    case app::TunnelEnding::How::stuck:
      break;
  }
  return {};
}

/// The line of an event for standard output; "" for other events.
struct LineOf {
  std::string operator()(const app::WorkersFound& event) const {
    return fmt::format("Found {} worker(s) for workflow {}", event.count, event.workflow_id);
  }
  std::string operator()(const app::WorkersBeingChecked& event) const {
    return fmt::format("Checking SSH connectivity for {} worker(s)...", event.count);
  }
  std::string operator()(const app::WorkersChecked& event) const {
    return fmt::format("{}/{} workers passed SSH check", event.passed, event.total);
  }
  std::string operator()(const app::WorkersBeingAdded& event) const {
    return fmt::format("Adding {} worker(s) to database...", event.count);
  }
  std::string operator()(const app::WorkersAdded& event) const {
    std::string text = fmt::format("Added {} worker(s) to workflow {}", event.addresses.size(), event.workflow_id);
    for (const auto& address : event.addresses) {
      text += "\n  " + address;
    }
    return text;
  }
  std::string operator()(const app::WorkersBeingStarted&) const { return "Starting workers..."; }
  std::string operator()(const app::InstallBegun& event) const { return install_heading(event); }
  std::string operator()(const app::WorkerInstalled& event) const { return install_line(event.worker, event.result); }
  std::string operator()(const app::InstallEnded& event) const {
    return fmt::format("Installed torc on {}/{} workers", event.good, event.total);
  }
  std::string operator()(const app::StopBegun& event) const {
    return fmt::format("Stopping workers (signal: {})...", remote::signal_name(event.mode));
  }
  std::string operator()(const app::WorkerSignaled& event) const {
    return signal_line(event.worker, event.result, event.mode);
  }
  std::string operator()(const app::WorkerStopped& event) const { return end_line(event.worker, event.result); }
  std::string operator()(const app::TunnelUp& event) const {
    return fmt::format("Server tunnel is up for {}/{} worker(s) (PID {})", event.up, event.workers, event.pid);
  }
  std::string operator()(const app::TunnelBeingRevived& event) const {
    return fmt::format("Restarting the server tunnel for {} worker(s)...", event.workers);
  }
  std::string operator()(const app::TunnelEnding& event) const { return ending_text(event); }
  std::string operator()(const app::TunnelBegun& event) const {
    return fmt::format("Connecting {} worker(s) to {}; press Ctrl-C to end the tunnel", event.workers, event.target);
  }
  std::string operator()(const app::ForwardChanged& event) const {
    const auto& forward = event.forward;
    return forward.up
               ? fmt::format("  [UP] {}: 127.0.0.1:{} is forwarded to {}", forward.name, forward.port, event.target)
               : fmt::format("  [DOWN] {}: {}; retrying", forward.name, forward.error);
  }
  std::string operator()(const app::CollectBegun& event) const {
    return fmt::format("{} logs from {} worker(s) to {}...", event.deletes ? "Collecting and deleting" : "Collecting",
                       event.workers, event.local_dir);
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

/// The line of an event between two snapshots of a fleet; "" for others.
struct WatchLineOf {
  std::string operator()(const app::WorkerRestarted& event) const {
    return fmt::format("{}: restarted (PID {}), {} of {}; no further restart within {}", event.worker.name, event.pid,
                       event.restarts, event.most, base::format_duration(event.pause));
  }
  std::string operator()(const app::RestartFailed& event) const { return event.worker.name + ": " + event.reason; }
  std::string operator()(const app::WorkerGivenUp& event) const { return event.worker.name + ": " + event.reason; }
  std::string operator()(const app::TunnelLost& event) const { return tunnel_text(event.info); }
  std::string operator()(const app::TunnelRevived& event) const {
    return fmt::format("Server tunnel: restarted for {}/{} worker(s) (PID {})", event.tunnel.up, event.tunnel.workers,
                       event.tunnel.pid);
  }
  std::string operator()(const app::TunnelRevivalFailed& event) const {
    return "Server tunnel: cannot be restarted: " + event.reason;
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

/// The line of an event for standard error, which is omitted with `-f json`; "" for other events.
struct NoteOf {
  std::string operator()(const app::JobsOfLostRequeued& event) const {
    return fmt::format("Requeued {} of runners that died", base::counted(event.count, "job"));
  }
  std::string operator()(const app::RunStopping&) const {
    return "Stopping: ending the running jobs; press Ctrl-C again to kill them";
  }
  std::string operator()(const app::TunnelServerChanged& event) const { return event.text; }
  std::string operator()(const app::TunnelEnded& event) const { return "The tunnel ends: " + event.why; }
  template <typename Other>
  std::string operator()(const Other&) const {
    return {};
  }
};

constexpr const char* k_erase_line = "\r\x1b[K";

void paint(const std::string& text) {
  const std::string shown = k_erase_line + text;
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, shown.data(), shown.size());
}

}  // namespace

void PlainReporter::report(const app::Event& event) {
  if (const auto warning = warning_text(event)) {
    m_output.note(*warning);
  } else if (const std::string note = std::visit(NoteOf{}, event); !note.empty()) {
    m_output.note(note);
  } else if (const auto* snapshot = std::get_if<app::WatchSnapshot>(&event)) {
    const std::lock_guard lock(m_mutex);
    m_view.show(*snapshot);
  } else if (const std::string line = std::visit(WatchLineOf{}, event); !line.empty()) {
    const std::lock_guard lock(m_mutex);
    m_view.tell(line);
  } else if (const std::string text = std::visit(LineOf{}, event); !text.empty()) {
    m_output.line(text);
  }
}

void TerminalReporter::report(const app::Event& event) {
  if (const auto* progress = std::get_if<app::RunProgress>(&event)) {
    const std::lock_guard lock(m_mutex);
    if (m_progress) {
      m_progress->show(progress->done, progress->running, progress->failed);
    }
  } else if (const auto* begun = std::get_if<app::RunBegun>(&event)) {
    const std::lock_guard lock(m_mutex);
    m_progress.emplace(begun->total, begun->done_before, /*wanted=*/true);
  } else if (std::holds_alternative<app::RunEnded>(event)) {
    const std::lock_guard lock(m_mutex);
    m_progress.reset();
  } else if (std::holds_alternative<app::RunStopping>(event)) {
    paint("");  // Erases the progress line.
    PlainReporter::report(event);
  } else if (const auto* transfer = std::get_if<app::TransferProgress>(&event)) {
    paint(fmt::format("  {} archive(s) complete, {} here", transfer->archives, base::format_bytes(transfer->bytes)));
  } else if (std::holds_alternative<app::TransferEnded>(event)) {
    paint("");
  } else {
    PlainReporter::report(event);
  }
}

void JsonReporter::report(const app::Event& event) {
  if (const auto warning = warning_text(event)) {
    m_output.note(*warning);
  } else if (const auto* snapshot = std::get_if<app::WatchSnapshot>(&event)) {
    const std::lock_guard lock(m_mutex);
    if (m_pace.is_due(*snapshot) && m_watch == WatchView::Target::standard_output) {
      m_output.document_line(watch_json(*snapshot));
    }
  } else if (const auto* change = std::get_if<app::ForwardChanged>(&event)) {
    const auto& forward = change->forward;
    m_output.document_line(
        {{"worker", forward.worker}, {"up", forward.up}, {"port", forward.port}, {"message", forward.error}});
  } else if (!std::visit(WatchLineOf{}, event).empty()) {
    const std::lock_guard lock(m_mutex);
    m_pace.make_due();  // The next snapshot shows the change.
  }
}

std::unique_ptr<app::Reporter> make_reporter(const Output& output, WatchView::Target watch) {
  if (output.json()) {
    return std::make_unique<JsonReporter>(output, watch);
  }
  if (ProgressLine::can_be_seen()) {
    return std::make_unique<TerminalReporter>(output, watch);
  }
  return std::make_unique<PlainReporter>(output, watch);
}

}  // namespace torc::cli
