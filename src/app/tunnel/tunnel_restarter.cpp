#include "app/tunnel/tunnel_restarter.hpp"

#include <exception>

#include "torc/base/backoff.hpp"

namespace torc::app {
namespace {

/// If a restarted tunnel has been up for this long, its next failure counts as the first one again.
constexpr std::chrono::minutes k_steady{10};

}  // namespace

void TunnelRestarter::poll() {
  if (m_is_done.exchange(false)) {
    m_thread.join();
    // The pause grows while restarts fail, or restarted tunnels end again soon.
    m_next = Clock::now() + base::growing_pause(++m_attempts, std::chrono::seconds(5), std::chrono::minutes(5), 1.0);
    m_reporter.report(*std::exchange(m_outcome, std::nullopt));
    return;
  }
  if (m_thread.joinable()) {
    return;
  }
  const auto tunnel = find_server_tunnel(m_workflow);
  if (!tunnel || tunnel->state() != remote::TunnelInfo::State::died) {
    m_is_lost = false;
    if (Clock::now() - m_next > k_steady) {
      m_attempts = 0;
    }
  } else if (!std::exchange(m_is_lost, true)) {
    m_reporter.report(TunnelLost{.info = *tunnel});
  } else if (m_revives && Clock::now() >= m_next && !m_stop.stop_requested()) {
    m_thread = std::jthread([this] {
      m_outcome = revive();
      m_is_done = true;
    });
  }
}

Event TunnelRestarter::revive() {
  try {
    const auto held = open_server_tunnel(m_workflow, m_workers, m_ssh, m_server, m_reporter, m_stop);
    return TunnelRevived{{.pid = held.pid, .up = held.urls.size(), .workers = m_workers.size()}};
  } catch (const std::exception& error) {
    return TunnelRevivalFailed{.reason = error.what()};
  }
}

}  // namespace torc::app
