#include "remote/tunnel/tunnel_clients.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/model/json.hpp"

namespace torc::remote {
namespace {

/// A request for ten thousand workers is shorter.
constexpr std::size_t k_longest_request = 8UL << 20U;

/// @throws base::Error instead of the library's exceptions
template <typename Read>
auto reading(Read&& read) {
  try {
    return read();
  } catch (const nlohmann::json::exception&) {
    throw base::Error(
        "unexpected message from or to the tunnel; check that both processes have the same version of torc");
  }
}

}  // namespace

std::string TunnelRequest::text() const {
  if (end_when_idle) {
    return model::dump_json({{"ask", "end_when_idle"}});
  }
  auto list = nlohmann::json::array();
  for (const auto& worker : workers) {
    list.push_back({{"stored", worker.stored}, {"name", worker.name}, {"key", worker.key}});
  }
  return model::dump_json(
      {{"ask", "hold"},
       {"workers", list},
       {"ssh",
        {{"program", options.ssh_program}, {"options", options.options}, {"limit_ms", options.script_limit.count()}}}});
}

TunnelRequest TunnelRequest::parse(const std::string& text) {
  return reading([&] {
    const auto json = model::parse_json(text);
    TunnelRequest request;
    request.end_when_idle = json.at("ask") == "end_when_idle";
    if (request.end_when_idle) {
      return request;
    }
    for (const auto& each : json.at("workers")) {
      Worker worker{.stored = each.at("stored").get<std::string>(),
                    .name = each.at("name").get<std::string>(),
                    .key = each.at("key").get<std::string>()};
      // An invalid address gets no forward; the requesting command reports it.
      worker.address = make_workers({worker.stored}).front().address;
      request.workers.push_back(std::move(worker));
    }
    const auto& ssh = json.at("ssh");
    request.options.ssh_program = ssh.at("program").get<std::string>();
    request.options.options = ssh.at("options").get<std::vector<std::string>>();
    request.options.script_limit = std::chrono::milliseconds(ssh.at("limit_ms").get<std::int64_t>());
    return request;
  });
}

std::string tunnel_answer(const std::vector<Forward>& forwards) {
  auto list = nlohmann::json::array();
  for (const auto& each : forwards) {
    list.push_back(
        {{"worker", each.worker}, {"name", each.name}, {"port", each.port}, {"up", each.up}, {"error", each.error}});
  }
  return model::dump_json({{"forwards", list}});
}

std::string tunnel_refusal(const std::string& why) {
  return model::dump_json({{"error", why}});
}

std::vector<Forward> parse_tunnel_answer(const std::string& text) {
  return reading([&] {
    const auto json = model::parse_json(text);
    if (json.contains("error")) {
      throw base::Error(json.at("error").get<std::string>());
    }
    std::vector<Forward> forwards;
    for (const auto& each : json.at("forwards")) {
      forwards.push_back({.worker = each.at("worker").get<std::string>(),
                          .name = each.at("name").get<std::string>(),
                          .port = each.at("port").get<int>(),
                          .up = each.at("up").get<bool>(),
                          .error = each.at("error").get<std::string>()});
    }
    return forwards;
  });
}

void TunnelClients::add_polled(std::vector<pollfd>& polled) const {
  if (m_listener) {
    polled.push_back({m_listener.get(), POLLIN, 0});
  }
  for (const auto& client : m_clients) {
    const int events = client.unsent.empty() ? POLLIN : POLLIN | POLLOUT;
    polled.push_back({client.socket.get(), static_cast<short>(events), 0});
  }
}

void TunnelClients::accept_all() {
  while (m_listener) {
    base::Fd socket{::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
      return;
    }
    m_clients.push_back({.socket = std::move(socket)});
  }
}

bool TunnelClients::read_from(Client& client) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t count = ::read(client.socket.get(), buffer.data(), buffer.size());
    if (count > 0) {
      client.received.append(buffer.data(), static_cast<std::size_t>(count));
      if (client.received.size() > k_longest_request) {
        return false;
      }
    } else if (count == 0 || (errno != EAGAIN && errno != EINTR)) {
      return false;
    } else if (errno == EAGAIN) {
      return true;
    }
  }
}

bool TunnelClients::send_to(Client& client) {
  while (!client.unsent.empty()) {
    const ssize_t count = ::send(client.socket.get(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
    if (count > 0) {
      client.unsent.erase(0, static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
  return true;
}

void TunnelClients::turn(const std::function<void(const TunnelRequest&)>& on_request) {
  accept_all();
  std::erase_if(m_clients, [](Client& client) { return !read_from(client) || !send_to(client); });
  for (auto& client : m_clients) {
    const auto end = client.received.find('\n');
    if (end == std::string::npos || client.request || !client.unsent.empty()) {
      continue;
    }
    const std::string line = client.received.substr(0, end);
    client.received.erase(0, end + 1);
    try {
      auto request = TunnelRequest::parse(line);
      on_request(request);
      client.request = std::move(request);
    } catch (const base::Error& error) {
      client.queue(tunnel_refusal(error.what()));
    }
  }
}

void TunnelClients::answer(const std::function<std::optional<Forward>(const std::string& worker)>& known) {
  for (auto& client : m_clients) {
    if (!client.request) {
      continue;
    }
    std::vector<Forward> forwards;
    for (const auto& worker : client.request->workers) {
      if (auto forward = known(worker.stored)) {
        forwards.push_back(std::move(*forward));
      }
    }
    if (forwards.size() == client.request->workers.size()) {
      client.request.reset();
      client.queue(tunnel_answer(forwards));
    }
  }
}

}  // namespace torc::remote
