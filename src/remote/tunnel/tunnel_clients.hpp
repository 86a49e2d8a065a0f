#pragma once

#include <poll.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/remote/tunnel.hpp"

// Protocol of a tunnel's socket: each request and each answer is one line of JSON. Only this file and
// tunnel_clients.cpp compose and parse the messages.

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
/// @throws base::Error for an invalid answer, or with the message of a refusal
std::vector<Forward> parse_tunnel_answer(const std::string& text);

/// The programs that are connected to a tunnel. Used in the thread of its loop only.
class TunnelClients {
 public:
  void listen(base::Fd socket) { m_listener = std::move(socket); }

  void add_polled(std::vector<pollfd>& polled) const;

  /// Receives requests and sends pending answers, without blocking. @param on_request  Throws base::Error to refuse a
  /// request.
  void turn(const std::function<void(const TunnelRequest&)>& on_request);

  /// Answers the requests whose workers are all settled. @param known  The forward to a worker, or std::nullopt while
  /// it is not settled.
  void answer(const std::function<std::optional<Forward>(const std::string& worker)>& known);

  std::size_t count() const { return m_clients.size(); }

 private:
  struct Client {
    base::Fd socket;
    std::string received{};
    std::optional<TunnelRequest> request{};  ///< Not yet answered.
    std::string unsent{};                    ///< Answers not sent yet; a socket takes about 200 kB at once.

    void queue(const std::string& line) { unsent += line + "\n"; }
  };

  void accept_all();
  /// @returns whether the client is still connected
  static bool read_from(Client& client);
  static bool send_to(Client& client);

  base::Fd m_listener;
  std::vector<Client> m_clients;
};

}  // namespace torc::remote
