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

// Workers reach a server that they have no way to through reverse ssh forwards: 127.0.0.1:PORT there leads, through a
// connection that this machine holds, to where the server listens.

namespace torc::remote {

/// Where the forwards lead, as this machine names it.
struct TunnelTarget {
  std::string host{};  ///< Without the brackets of an IPv6 address.
  int port{0};

  /// "127.0.0.1:8080", "[::1]:8080"
  std::string text() const;
};

/// The address of the server of a URL.
/// @param any_certificate  The workers do not look at the server's certificate.
/// @throws base::UsageError for https where the certificate cannot hold for what the workers connect to
TunnelTarget tunnel_target(const std::string& url, bool any_certificate);

/// The same server's URL on a worker, where `port` leads to it. A name that stands for the own machine stays, as a
/// certificate may hold for it.
std::string url_through_tunnel(const std::string& url, int port);

/// The port of the worker that is tried first, second, ... (`candidate` from 0): always the same ones for a worker of
/// a workflow, so that runners find a tunnel again that was gone; below the ports that systems give out by themselves.
int tunnel_port(const WorkflowRef& workflow, const std::string& key, int candidate);

/// How long to wait before trying again for the `attempt`th time in a row (from 1): doubles from 0.5 s to 30 s, times
/// `jitter` (0.5 to 1).
std::chrono::milliseconds reconnect_pause(int attempt, double jitter);

/// The argument list of an ssh call as ssh_command's that also makes the forward. It neither shares a connection, which
/// could not be ended with it, nor lives without the forward.
std::vector<std::string> ssh_tunnel_command(const SshOptions& options, const model::WorkerAddress& worker, int port,
                                            const TunnelTarget& target);

/// How it stands with one worker.
struct Forward {
  std::string worker{};  ///< `Worker::stored`
  std::string name{};
  int port{0};  ///< Of 127.0.0.1 on the worker.
  bool up{false};
  std::string error{};  ///< Why it is not up; empty while nothing went wrong.
};

struct TunnelSettings {
  WorkflowRef workflow{};
  /// Tells what it holds on the workers from what the tunnel of another machine holds there; a UUID.
  std::string id{};
  TunnelTarget target{};
  /// Each ssh has one until its forward is up. Never empty.
  std::shared_ptr<SshSlots> slots{std::make_shared<SshSlots>(10)};
  std::map<std::string, int> ports{};      ///< That workers had before, by `Worker::stored`.
  std::vector<std::string> environment{};  ///< Of ssh, "NAME=value" each.
  /// Called in `run`'s thread when a forward has come or gone, or cannot be made for another reason than before.
  std::function<void(const Forward&)> on_change{};
};

/// Holds a forward on every worker it is told of, and makes it anew whenever it breaks.
///
/// `run` is the thread of everything; `clients` may be called by any. Destroyed, it kills the ssh processes.
class Tunnel {
 public:
  explicit Tunnel(TunnelSettings settings);
  Tunnel(const Tunnel&) = delete;
  Tunnel& operator=(const Tunnel&) = delete;
  ~Tunnel();

  /// One more worker; one that is known is tried at once where its forward is down, with the options it has.
  void hold(const Worker& worker, const SshOptions& options);

  /// Answers what is asked at this listening socket (see tunnel_link.hpp) from now on.
  void listen(base::Fd socket);

  /// Until a stop is requested; then ends every connection in order.
  void run(const std::stop_token& stop);

  /// How many commands are starting workers right now: a tunnel is not to end meanwhile.
  std::size_t clients() const;
  /// Whether it is to end as soon as no runner is left.
  bool is_to_end_when_idle() const;

 private:
  class Loop;
  std::unique_ptr<Loop> m_loop;
};

}  // namespace torc::remote
