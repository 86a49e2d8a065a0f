// Theory of operation: one thread with one poll loop over the ssh processes, their output and the sockets of other
// commands. A connection (tunnel_connection.hpp) knows its next step; the loop decides when it may start.

#include "torc/remote/tunnel.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <optional>

#include "remote/tunnel/tunnel_clients.hpp"
#include "remote/tunnel/tunnel_connection.hpp"
#include "torc/base/error.hpp"

namespace torc::remote {

using Clock = std::chrono::steady_clock;

class Tunnel::Loop {
 public:
  explicit Loop(TunnelSettings settings)
      : m_settings(std::move(settings)), m_wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!m_wake) {
      throw base::SystemError("cannot create an eventfd");
    }
  }

  void hold(const Worker& worker, const SshOptions& options) {
    const auto known = std::find_if(m_connections.begin(), m_connections.end(),
                                    [&](const auto& each) { return each->forward().worker == worker.stored; });
    if (known != m_connections.end()) {
      (*known)->ask();
    } else {
      m_connections.push_back(std::make_unique<TunnelConnection>(worker, options, m_settings));
    }
  }

  void listen(base::Fd socket) { m_clients.listen(std::move(socket)); }

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(m_wake.get(), &one, sizeof one);
    });
    while (!stop.stop_requested()) {
      turn(Clock::now());
      wait_until(next_turn(), true);
    }
    end_all();
  }

  std::size_t clients() const { return m_client_count; }
  bool is_to_end_when_idle() const { return m_end_when_idle; }

 private:
  void turn(Clock::time_point now) {
    m_clients.turn([this](const TunnelRequest& request) {
      m_end_when_idle = request.end_when_idle;
      for (const auto& worker : request.workers) {
        hold(worker, request.options);
      }
    });
    m_client_count = m_clients.count();
    for (const auto& each : m_connections) {
      each->turn(now);
    }
    start_those_due(now);
    for (const auto& each : m_connections) {
      if (each->take_change() && m_settings.on_change) {
        m_settings.on_change(each->forward());
      }
    }
    m_clients.answer([this](const std::string& worker) -> std::optional<Forward> {
      for (const auto& each : m_connections) {
        if (each->forward().worker == worker) {
          return each->is_settled() ? std::optional(each->forward()) : std::nullopt;
        }
      }
      return std::nullopt;
    });
  }

  void start_those_due(Clock::time_point now) {
    for (const auto& each : m_connections) {
      if (each->wants_to_start(now)) {
        if (auto slot = m_settings.slots->try_take(1)) {
          each->start(now, std::move(slot));
        }
      }
    }
  }

  Clock::time_point next_turn() const {
    const bool has_slot = m_settings.slots->has_free();
    auto next = Clock::time_point::max();
    for (const auto& each : m_connections) {
      // A connection that waits for a slot is woken by the connection that releases one.
      if (has_slot || !each->is_gone()) {
        next = std::min(next, each->due());
      }
    }
    return next;
  }

  void wait_until(Clock::time_point when, bool wakes) {
    std::vector<pollfd> polled;
    if (wakes) {
      polled.push_back({m_wake.get(), POLLIN, 0});
      m_clients.add_polled(polled);
    }
    for (const auto& each : m_connections) {
      each->add_polled(polled);
    }
    int timeout = -1;
    if (when != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(when - Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 3'600'000));
    }
    ::poll(polled.data(), polled.size(), timeout);
  }

  void end_all() {
    constexpr std::chrono::seconds k_timeout{2};
    const auto until = Clock::now() + k_timeout;
    for (const auto& each : m_connections) {
      each->terminate();
    }
    const auto is_gone = [](const auto& each) { return each->is_gone(); };
    while (!std::all_of(m_connections.begin(), m_connections.end(), is_gone) && Clock::now() < until) {
      wait_until(until, false);
      for (const auto& each : m_connections) {
        each->turn(Clock::now());
        each->terminate();
      }
    }
    m_connections.clear();  // Kills the remaining processes.
  }

  TunnelSettings m_settings;
  base::Fd m_wake;
  TunnelClients m_clients;
  std::vector<std::unique_ptr<TunnelConnection>> m_connections;
  std::atomic<std::size_t> m_client_count{0};
  std::atomic<bool> m_end_when_idle{false};
};

Tunnel::Tunnel(TunnelSettings settings) : m_loop(std::make_unique<Loop>(std::move(settings))) {}

Tunnel::~Tunnel() = default;

void Tunnel::hold(const Worker& worker, const SshOptions& options) {
  m_loop->hold(worker, options);
}

void Tunnel::listen(base::Fd socket) {
  m_loop->listen(std::move(socket));
}

void Tunnel::run(const std::stop_token& stop) {
  m_loop->run(stop);
}

std::size_t Tunnel::clients() const {
  return m_loop->clients();
}

bool Tunnel::is_to_end_when_idle() const {
  return m_loop->is_to_end_when_idle();
}

}  // namespace torc::remote
