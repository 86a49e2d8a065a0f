#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

// Workers that cannot connect to the server directly reach it through reverse ssh forwards: 127.0.0.1:PORT on the
// worker is forwarded, over an ssh connection of this machine, to the server's address.

namespace torc::remote {

/// The address that the forwards lead to, as seen from this machine.
struct TunnelTarget {
  std::string host{};  ///< Without the brackets of an IPv6 address.
  int port{0};

  /// "127.0.0.1:8080", "[::1]:8080"
  std::string text() const;
};

/// The address of the server in a URL.
/// @param any_certificate  The workers do not check the server's certificate.
/// @throws base::UsageError for https if the certificate cannot be valid for the address to which the workers connect
TunnelTarget tunnel_target(const std::string& url, bool any_certificate);

/// The server's URL as seen from a worker on which `port` is forwarded to the server. A host name that means the local
/// machine is kept for https, since the certificate may be valid for it.
std::string url_through_tunnel(const std::string& url, int port);

/// The port to try on the worker as first, second, ... candidate (`candidate` counts from 0). The same for each worker
/// of a workflow every time, so that runners find a tunnel again after it was interrupted; below the range of ephemeral
/// ports.
int tunnel_port(const WorkflowRef& workflow, const std::string& key, int candidate);

/// How long to wait before retry number `attempt` in a row (from 1): doubles from 0.5 s to 30 s, times `jitter` (0.5 to
/// 1).
std::chrono::milliseconds reconnect_pause(int attempt, double jitter);

/// The argument list of an ssh call like ssh_command's that also makes the forward. It does not share a connection
/// (ending this ssh would not end a shared connection), and it exits if the forward fails.
std::vector<std::string> ssh_tunnel_command(const SshOptions& options, const model::WorkerAddress& worker, int port,
                                            const TunnelTarget& target);

/// The forward on one worker.
struct Forward {
  std::string worker{};  ///< `Worker::stored`
  std::string name{};
  int port{0};  ///< Port of 127.0.0.1 on the worker.
  bool up{false};
  std::string error{};  ///< Why the forward is not up; empty if nothing has failed yet.
};

struct TunnelSettings {
  WorkflowRef workflow{};
  /// UUID that distinguishes this tunnel's connections on the workers from those of a tunnel on another machine.
  std::string id{};
  TunnelTarget target{};
  /// Each ssh holds a slot until its forward is up. Never null.
  std::shared_ptr<SshSlots> slots{std::make_shared<SshSlots>(10)};
  std::map<std::string, int> ports{};      ///< Ports that workers had before, by `Worker::stored`.
  std::vector<std::string> environment{};  ///< Environment of ssh, "NAME=value" each.
  /// Called in the thread of `run` when a forward comes up, goes down, or fails for another reason than before.
  std::function<void(const Forward&)> on_change{};
};

/// Keeps a forward to every worker passed to `hold`, and restores it whenever it breaks.
///
/// All methods must be called in the thread of `run`, except `clients` and `is_to_end_when_idle`, which any thread may
/// call. The destructor kills the ssh processes.
class Tunnel {
 public:
  explicit Tunnel(TunnelSettings settings);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel();

  /// Adds a worker. If the worker is already known and its forward is down, retries at once, with the options given
  /// first.
  void hold(const Worker& worker, const SshOptions& options);

  /// Answers requests at this listening socket (see tunnel_link.hpp) from now on.
  void listen(base::Fd socket);

  /// Runs until a stop is requested; then ends every connection in an orderly way.
  void run(const std::stop_token& stop);

  /// How many commands are connected to start workers; the tunnel must not end meanwhile.
  std::size_t clients() const;
  /// Whether the tunnel should end as soon as no runner is left.
  bool is_to_end_when_idle() const;

 private:
  class Loop;
  std::unique_ptr<Loop> m_loop;
};

}  // namespace torc::remote
