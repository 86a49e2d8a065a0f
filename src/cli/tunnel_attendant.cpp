#include "cli/tunnel_attendant.hpp"

#include <exception>
#include <utility>

#include <fmt/format.h>

#include "torc/base/backoff.hpp"

namespace torc::cli {
namespace {

/// What was held again and has lasted so long is not as if it had failed again.
constexpr std::chrono::minutes k_steady{10};

}  // namespace

std::optional<std::string> TunnelAttendant::look() {
  if (m_is_done.exchange(false)) {
    m_thread.join();
    // Grows while it fails, and while what is held does not last.
    m_next = Clock::now() + base::growing_pause(++m_attempts, std::chrono::seconds(5), std::chrono::minutes(5), 1.0);
    return std::exchange(m_outcome, {});
  }
  if (m_thread.joinable()) {
    return std::nullopt;
  }
  const auto tunnel = find_server_tunnel(m_workflow);
  if (!tunnel || tunnel->state() != remote::TunnelNote::State::died) {
    m_told = false;
    if (Clock::now() - m_next > k_steady) {
      m_attempts = 0;
    }
    return std::nullopt;
  }
  if (!std::exchange(m_told, true)) {
    return tunnel_text(*tunnel);
  }
  if (m_revives && Clock::now() >= m_next && !m_stop.stop_requested()) {
    m_thread = std::jthread([this] {
      m_outcome = try_to_revive();
      m_is_done = true;
    });
  }
  return std::nullopt;
}

std::string TunnelAttendant::try_to_revive() {
  try {
    const auto held = hold_server_tunnel(m_workflow, m_workers, m_ssh, m_services, m_stop);
    return fmt::format("Server tunnel: held again for {}/{} worker(s) (PID {})", held.urls.size(), m_workers.size(),
                       held.pid);
  } catch (const std::exception& error) {
    return fmt::format("Server tunnel: cannot be held again: {}", error.what());
  }
}

}  // namespace torc::cli
