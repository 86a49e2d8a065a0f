#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/remote/tunnel.hpp"

// What goes over a tunnel's socket: one line of JSON each way, any number of times. The messages are made and read here
// and in tunnel_clients.cpp alone.

namespace torc::remote {

/// {"ask": "hold", "workers": [{"stored", "name", "key"}], "ssh": {...}} or {"ask": "end_when_idle"}
struct TunnelRequest {
  bool end_when_idle{false};
  std::vector<Worker> workers{};
  SshOptions options{};

  std::string text() const;
  /// @throws base::Error
  static TunnelRequest parse(const std::string& text);
};

/// {"forwards": [{"worker", "name", "port", "up", "error"}]} or {"error": ...}
std::string tunnel_answer(const std::vector<Forward>& forwards);
std::string tunnel_refusal(const std::string& why);
/// @throws base::Error, also with what a refusal says
std::vector<Forward> parse_tunnel_answer(const std::string& text);

/// The programs that talk to a tunnel. Of its loop's thread.
class TunnelClients {
 public:
  void listen(base::Fd socket) { m_listener = std::move(socket); }

  void add_polled(std::vector<pollfd>& polled) const;

  /// Takes what has come, and sends what can be sent. @param on_request  Throws base::Error for a request that is
  /// refused.
  void turn(const std::function<void(const TunnelRequest&)>& on_request);

  /// Answers those who wait. @param known  How it stands with a worker, or nothing while that is not settled.
  void answer(const std::function<std::optional<Forward>(const std::string& worker)>& known);

  std::size_t count() const { return m_clients.size(); }

 private:
  struct Client {
    base::Fd socket;
    std::string received{};
    std::optional<TunnelRequest> request{};  ///< Not yet answered.
    std::string unsent{};                    ///< Of answers; a socket takes some 200 kB at once.

    void say(const std::string& line) { unsent += line + "\n"; }
  };

  void accept_all();
  /// @returns whether it is still there
  static bool read_from(Client& client);
  static bool send_to(Client& client);

  base::Fd m_listener;
  std::vector<Client> m_clients;
};

}  // namespace torc::remote
