#include "remote/tunnel/tunnel_connection.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "remote/scripts/scripts.hpp"
#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

constexpr std::size_t k_kept_output = 8'192;
/// A worker may send this much in k_flood_interval; endless output would use up a CPU of this machine.
constexpr std::size_t k_max_received = 4UL << 20U;
constexpr std::chrono::seconds k_flood_interval{60};
/// Maximum reads per turn, so that every connection gets its turn.
constexpr int k_reads = 64;
/// After this many refused ports, the worker's sshd is assumed to refuse all forwards.
constexpr int k_candidates = 5;
/// After being up for this long, a failure counts as the first one again.
constexpr std::chrono::seconds k_steady{60};

}  // namespace

TunnelConnection::TunnelConnection(Worker worker, SshOptions options, const TunnelSettings& settings)
    : m_worker(std::move(worker)), m_options(std::move(options)), m_settings(settings) {
  m_forward.worker = m_worker.stored;
  m_forward.name = m_worker.name;
  const auto before = settings.ports.find(m_worker.stored);
  if (before != settings.ports.end()) {
    m_forward.port = before->second;
  } else {
    take_next_port();
  }
}

bool TunnelConnection::take_next_port() {
  const int before = m_forward.port;
  while (m_candidate < k_candidates) {
    m_forward.port = tunnel_port(m_settings.workflow, m_worker.key, m_candidate++);
    if (m_forward.port != before) {
      return true;
    }
  }
  m_candidate = 0;
  return false;
}

void TunnelConnection::ask() {
  if (!m_forward.up) {
    m_settled = false;
    m_next = {};
  }
}

void TunnelConnection::start(Clock::time_point now, SshSlots::Lease slot) {
  m_slot = std::move(slot);
  m_output.clear();
  m_timed_out = m_flooded = false;
  m_received = 0;
  m_received_since = now;
  m_phase = m_release ? Phase::releasing : Phase::connecting;
  m_deadline = now + m_options.script_limit;
  try {
    base::Pipe in = base::Pipe::create();
    base::Pipe out = base::Pipe::create();
    const std::string script = m_release
                                   ? release_tunnel_port_script(m_worker, m_settings.workflow, m_settings.id)
                                   : hold_tunnel_script(m_worker, m_settings.workflow, m_settings.id, m_forward.port);
    proc::SpawnOptions options;
    options.argv = m_release ? ssh_command(m_options, m_worker.address)
                             : ssh_tunnel_command(m_options, m_worker.address, m_forward.port, m_settings.target);
    options.env = m_settings.environment;
    options.stdin_fd = in.read_end.get();
    options.stdout_fd = out.write_end.get();
    options.stderr_fd = out.write_end.get();
    m_child = proc::Child::spawn(options);
    // The script fits into the pipe's buffer, so this does not block.
    base::write_all(in.write_end.get(), script);
    if (::fcntl(out.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
      throw base::SystemError("cannot make a pipe non-blocking");
    }
    if (m_phase == Phase::connecting) {
      m_in = std::move(in.write_end);  // Closing it would end the connection.
    }
    m_out = std::move(out.read_end);
    m_release = false;
  } catch (const base::Error& error) {
    m_child = proc::Child();
    m_slot.reset();
    failed(now, error.what());
  }
}

void TunnelConnection::drain() {
  std::array<char, 4096> buffer;
  for (int reads = 0; m_out && reads < k_reads; ++reads) {
    const ssize_t count = ::read(m_out.get(), buffer.data(), buffer.size());
    if (count > 0) {
      m_received += static_cast<std::size_t>(count);
      m_output.append(buffer.data(), static_cast<std::size_t>(count));
      m_output.erase(0, m_output.size() - std::min(m_output.size(), k_kept_output));
    } else if (count < 0 && errno == EINTR) {
      continue;
    } else {
      if (count == 0 || errno != EAGAIN) {
        m_out.reset();
      }
      return;
    }
  }
}

bool TunnelConnection::has_printed(const char* mark) const {
  for (const auto& line : base::split_lines(m_output)) {
    if (line == mark) {
      return true;
    }
  }
  return false;
}

void TunnelConnection::end_flood(Clock::time_point now) {
  if (m_received > k_max_received && !m_flooded) {
    m_flooded = true;
    m_child.signal(SIGKILL);
  } else if (now - m_received_since > k_flood_interval) {
    m_received = 0;
    m_received_since = now;
  }
}

void TunnelConnection::turn(Clock::time_point now) {
  drain();
  end_flood(now);
  // With the user's ExitOnForwardFailure=no, ssh only warns; then the script detects that nothing listens.
  if (m_phase == Phase::connecting && m_child.running() && has_printed(k_tunnel_up)) {
    m_phase = Phase::up;
    m_slot.reset();
    m_forward.up = m_was_up = m_changed = true;
    m_forward.error.clear();
    m_up_since = now;
    m_released = m_all_refused = false;
    m_output.clear();
  }
  if (m_child.running()) {
    if (const auto status = m_child.try_wait()) {
      drain();
      ended(now, *status);
    } else if (is_connecting() && now >= m_deadline && !m_timed_out) {
      m_timed_out = true;
      m_child.signal(SIGKILL);
    }
  }
}

void TunnelConnection::ended(Clock::time_point now, const proc::ExitStatus& status) {
  m_in.reset();
  m_out.reset();
  m_slot.reset();
  if (m_phase == Phase::releasing) {
    // If releasing failed, the next connection will fail too, and report why.
    m_released = true;
    m_phase = Phase::waiting;
    m_next = now;
    return;
  }
  if (m_phase == Phase::connecting &&
      (has_printed(k_tunnel_refused) || m_output.find("remote port forwarding failed") != std::string::npos)) {
    refused(now);
    return;
  }
  if (m_flooded) {
    failed(now, "endless output; check the shell start files on the worker");
    return;
  }
  using End = proc::CommandResult::End;
  proc::CommandResult result{.end = m_timed_out       ? End::timed_out
                                    : status.signaled ? End::signaled
                                                      : End::exited,
                             .code = status.code};
  result.err = std::move(m_output);
  failed(now, m_phase == Phase::up && result.err.empty() && result.code == 0 ? "the connection was closed"
                                                                             : failure_reason(result));
}

void TunnelConnection::refused(Clock::time_point now) {
  m_phase = Phase::waiting;
  m_next = now;
  if (!m_released && !m_all_refused) {
    m_release = true;
  } else if (m_was_up) {
    m_released = false;
    failed(now, fmt::format("port {} of 127.0.0.1 is in use on the worker", m_forward.port));
  } else if (!take_next_port() || m_all_refused) {
    m_all_refused = true;  // From now on, one port per attempt.
    failed(now,
           "sshd on the worker refuses the forward; check AllowTcpForwarding, PermitListen and DisableForwarding in "
           "its sshd_config");
  }
}

void TunnelConnection::failed(Clock::time_point now, std::string why) {
  if (m_forward.up && now - m_up_since > k_steady) {
    m_attempt = 0;
  }
  m_changed = m_changed || m_forward.up || why != m_forward.error;
  m_phase = Phase::waiting;
  m_forward.up = false;
  m_forward.error = std::move(why);
  m_settled = true;
  m_next = now + reconnect_pause(++m_attempt, base::random_jitter());
}

void TunnelConnection::add_polled(std::vector<pollfd>& polled) const {
  if (m_child.running()) {
    polled.push_back({m_child.end_fd(), POLLIN, 0});
  }
  if (m_out) {
    polled.push_back({m_out.get(), POLLIN, 0});
  }
}

TunnelConnection::Clock::time_point TunnelConnection::due() const {
  if (!m_child.running()) {
    return m_next;
  }
  return is_connecting() && !m_timed_out ? m_deadline : Clock::time_point::max();
}

void TunnelConnection::terminate() {
  if (m_child.running()) {
    m_child.signal(SIGTERM);
    m_in.reset();
  }
  m_next = Clock::time_point::max();
}

}  // namespace torc::remote
