#include "app/tunnel/tunnel_lifetime.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/proc/process_end.hpp"

namespace torc::app {
namespace {

constexpr int k_poll_interval_ms = 2'000;
/// Runners learn of the deletion of their workflow with their next heartbeat, which comes within 30 s with the server's
/// default --worker-timeout.
constexpr std::chrono::seconds k_deletion_grace{60};

}  // namespace

TunnelLifetime::TunnelLifetime(std::unique_ptr<client::Api> api, const remote::Tunnel& tunnel, Settings settings)
    : m_api(std::move(api)),
      m_tunnel(tunnel),
      m_settings(std::move(settings)),
      m_wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!m_wake) {
    throw base::SystemError("cannot create an eventfd");
  }
  if (m_settings.until_pid) {
    m_process = proc::watch_process_end(*m_settings.until_pid);
    if (!m_process) {
      throw base::SystemError(fmt::format("--until-pid {}", *m_settings.until_pid));
    }
  }
  m_thread = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

bool TunnelLifetime::stop() {
  m_thread.request_stop();
  return !m_asking;
}

TunnelLifetime::~TunnelLifetime() {
  m_thread.request_stop();
}

void TunnelLifetime::watch(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(m_wake.get(), &one, sizeof one);
  });
  std::optional<std::string> before;
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> polled{pollfd{m_wake.get(), POLLIN, 0}, pollfd{m_process.get(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), k_poll_interval_ms);
    // Set before the stop is checked, so that a caller who requests a stop and then finds this unset need not
    // wait.
    m_asking = true;
    if (stop.stop_requested()) {
      break;
    }
    if (polled[1].revents != 0) {
      m_settings.on_over("the process of --until-pid has ended");
      break;
    }
    // Only a reason found twice in a row counts: a runner that has just been started registers between two polls.
    auto now = reason_to_end();
    if (now && before) {
      m_settings.on_over(*now);
      break;
    }
    before = std::move(now);
    m_asking = false;
  }
  m_asking = false;
}

std::optional<std::string> TunnelLifetime::reason_to_end() {
  if (m_tunnel.clients() > 0) {
    return std::nullopt;  // A command is starting runners.
  }
  std::optional<std::string> reason;
  try {
    reason = ask();
    if (std::exchange(m_silent_since, std::nullopt)) {
      m_settings.on_problem("the server answers again");
    }
  } catch (const base::ApiError& error) {
    reason = error.status() == 404 ? record_deletion() : record_silence(error.what());
  } catch (const base::Error& error) {
    reason = record_silence(error.what());
  }
  return reason;
}

std::optional<std::string> TunnelLifetime::record_deletion() {
  const auto now = std::chrono::steady_clock::now();
  if (!m_gone_since) {
    m_gone_since = now;
  }
  return now - *m_gone_since < k_deletion_grace ? std::nullopt : std::optional<std::string>("the workflow was deleted");
}

std::optional<std::string> TunnelLifetime::record_silence(const std::string& problem) {
  const auto now = std::chrono::steady_clock::now();
  if (!m_silent_since) {
    m_silent_since = now;
    m_settings.on_problem(problem);
  }
  if (now - *m_silent_since < m_settings.timeout) {
    return std::nullopt;
  }
  return "the server has not answered for longer than the runners wait for it";
}

std::optional<std::string> TunnelLifetime::ask() {
  const auto completion = m_api->is_workflow_complete(m_settings.workflow_id);
  const bool is_over = completion.is_complete || completion.is_canceled;
  if (!is_over && !m_tunnel.is_to_end_when_idle()) {
    return std::nullopt;
  }
  // Runners that are ending still send their results through the tunnel.
  const auto nodes = m_api->list_compute_nodes(m_settings.workflow_id, {}).items;
  if (std::any_of(nodes.begin(), nodes.end(), [](const auto& node) { return node.is_active.value_or(false); })) {
    return std::nullopt;
  }
  return completion.is_canceled ? "the workflow was canceled"
         : is_over              ? "the workflow is complete"
                                : "the last runner has ended";
}

}  // namespace torc::app
