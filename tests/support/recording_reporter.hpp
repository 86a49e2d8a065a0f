#pragma once

#include <mutex>
#include <utility>
#include <variant>
#include <vector>

#include "torc/app/reporter.hpp"

namespace torc::support {

/// Records all progress events.
class RecordingReporter : public app::Reporter {
 public:
  explicit RecordingReporter(bool shows_progress = false) : m_shows_progress(shows_progress) {}

  void report(const app::Event& event) override {
    const std::lock_guard lock(m_mutex);
    m_events.push_back(event);
  }
  bool shows_progress() const override { return m_shows_progress; }

  /// The events of one kind, in order.
  template <typename Kind>
  std::vector<Kind> all() const {
    const std::lock_guard lock(m_mutex);
    std::vector<Kind> found;
    for (const auto& event : m_events) {
      if (const auto* each = std::get_if<Kind>(&event)) {
        found.push_back(*each);
      }
    }
    return found;
  }

 private:
  bool m_shows_progress;
  mutable std::mutex m_mutex{};
  std::vector<app::Event> m_events{};
};

}  // namespace torc::support
