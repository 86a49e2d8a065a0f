#include "runner/exchange/liveness.hpp"

#include <algorithm>
#include <utility>

#include "runner/exchange/server_link.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds k_longest_without_heartbeat{80};

/// Three heartbeats within the timeout after which the server considers a node lost.
milliseconds heartbeat_interval_for(double timeout_seconds) {
  constexpr double k_least_ms = 100;
  const double third_ms = timeout_seconds * 1000.0 / 3.0;
  const double most_ms = static_cast<double>(milliseconds(k_longest_without_heartbeat).count());
  return milliseconds(static_cast<std::int64_t>(std::clamp(third_ms, k_least_ms, most_ms)));
}

}  // namespace

Liveness::Liveness(client::Api& api, RunnerLog& log, model::ComputeNode node)
    : m_api(api), m_log(log), m_node(std::move(node)), m_next(Clock::now()) {
  register_node();
}

void Liveness::register_node() {
  model::ComputeNode node = m_node;
  node.id.reset();
  node.start_time = base::timestamp_now();
  node.is_active = true;
  node.id = m_api.create_compute_node(node).id;
  m_node = std::move(node);
}

void Liveness::rejoin() {
  register_node();
  expedite();
}

void Liveness::record_sign_of_life(Clock::time_point now) {
  if (m_last && now - *m_last < k_longest_without_heartbeat) {
    m_next = now + m_interval;
  }
}

bool Liveness::send_heartbeat() {
  const auto answer = ask_server();
  m_last = Clock::now();
  m_interval =
      answer.timeout_seconds ? heartbeat_interval_for(*answer.timeout_seconds) : milliseconds(k_heartbeat_interval);
  m_next = *m_last + m_interval;
  if (answer.is_draining && !std::exchange(m_drain_requested, true)) {
    m_log.info("the server requested a drain: no more jobs are claimed");
  }
  return answer.is_active;
}

/// A server without heartbeats never considers a node lost.
model::Heartbeat Liveness::ask_server() {
  const model::Heartbeat active{.compute_node_id = node_id(), .is_active = true};
  if (!m_api.has_capability(model::Capability::heartbeat)) {
    return active;
  }
  try {
    return m_api.send_heartbeat(node_id());
  } catch (const base::ApiError& error) {
    if (may_pass(error)) {
      throw;
    }
    // The compute node was deleted; jobs run nevertheless.
    m_log.warning("a heartbeat was refused: {}", error.what());
    return active;
  }
}

void Liveness::record_usage(const metrics::UsageSummary& used, const MonitorConfig& wanted) {
  m_node.sample_count = used.samples;
  if (wanted.node_cpu) {
    m_node.peak_cpu_percent = used.peak_cpu_percent;
    m_node.avg_cpu_percent = used.avg_cpu_percent;
  }
  if (wanted.node_memory) {
    m_node.peak_memory_bytes = used.peak_memory_bytes;
    m_node.avg_memory_bytes = used.avg_memory_bytes;
  }
}

void Liveness::deactivate(std::chrono::duration<double> ran) {
  m_node.is_active = false;
  m_node.duration_seconds = ran.count();
  m_api.update_compute_node(node_id(), m_node);
}

}  // namespace torc::runner
