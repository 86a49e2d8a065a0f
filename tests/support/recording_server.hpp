#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/strings.hpp"

namespace torc::support {

/// One request as received.
struct Recorded {
  std::string method{};
  std::string target{};                          ///< Path and query
  std::map<std::string, std::string> headers{};  ///< Names in lower case
  std::string body{};
  int connection{0};  ///< Number of its connection, from 1
};

/// The bytes of an answer with a JSON body.
inline std::string answer(const std::string& body, int status = 200, const std::string& type = "application/json") {
  return "HTTP/1.1 " + std::to_string(status) + " Text\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

/// A real server on a free loopback port that records requests and answers as the test specifies. It has one thread per
/// connection, which it joins at its end.
class RecordingServer {
 public:
  /// Returns the bytes of the answer; "" closes the connection without an answer.
  using Handler = std::function<std::string(const Recorded&)>;

  explicit RecordingServer(Handler handler) : m_handler(std::move(handler)) {
    m_listener.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(m_listener.get(), generic, size) != 0 || ::listen(m_listener.get(), 16) != 0 ||
        ::getsockname(m_listener.get(), generic, &size) != 0) {
      throw base::SystemError("cannot listen");
    }
    m_port = ntohs(address.sin_port);
    m_acceptor = std::thread([this] { accept_all(); });
  }
  RecordingServer(const RecordingServer&) = delete;
  RecordingServer& operator=(const RecordingServer&) = delete;

  ~RecordingServer() {
    m_ending = true;
    m_acceptor.join();
    for (auto& thread : m_threads) {
      thread.join();
    }
  }

  std::string origin() const { return "http://127.0.0.1:" + std::to_string(m_port); }
  std::string url() const { return origin() + "/torc-service/v1"; }

  std::vector<Recorded> requests() const {
    const std::scoped_lock lock(m_mutex);
    return m_requests;
  }

 private:
  /// Waits until `fd` is readable; returns false once the server must end.
  bool readable(int fd) const {
    while (!m_ending) {
      pollfd entry{fd, POLLIN, 0};
      if (::poll(&entry, 1, 20) > 0) {
        return true;
      }
    }
    return false;
  }

  void accept_all() {
    int number = 0;
    while (readable(m_listener.get())) {
      base::Fd connection{::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC)};
      if (connection) {
        ++number;
        m_threads.emplace_back([this, number, held = std::move(connection)] { serve(held.get(), number); });
      }
    }
  }

  void serve(int fd, int number) {
    std::string buffer;
    Recorded request;
    while (read_request(fd, buffer, request)) {
      request.connection = number;
      {
        const std::scoped_lock lock(m_mutex);
        m_requests.push_back(request);
      }
      const std::string bytes = m_handler(request);
      if (bytes.empty()) {
        return;
      }
      std::size_t sent = 0;
      while (sent < bytes.size()) {
        const auto count = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) {
          return;
        }
        sent += static_cast<std::size_t>(count);
      }
    }
  }

  bool read_more(int fd, std::string& buffer) const {
    char chunk[65536];
    if (!readable(fd)) {
      return false;
    }
    const auto count = ::recv(fd, chunk, sizeof chunk, 0);
    if (count <= 0) {
      return false;
    }
    buffer.append(chunk, static_cast<std::size_t>(count));
    return true;
  }

  bool read_request(int fd, std::string& buffer, Recorded& request) const {
    std::size_t end = 0;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more(fd, buffer)) {
        return false;
      }
    }
    request = {};
    const auto lines = base::split_lines(buffer.substr(0, end));
    const auto words = base::split(lines.at(0), ' ');
    request.method = words.at(0);
    request.target = words.at(1);
    for (std::size_t i = 1; i < lines.size(); ++i) {
      const auto colon = lines[i].find(':');
      request.headers[base::to_lower(lines[i].substr(0, colon))] = base::trim(lines[i].substr(colon + 1));
    }
    buffer.erase(0, end + 4);
    const auto given = request.headers.find("content-length");
    const auto length =
        given == request.headers.end() ? 0 : static_cast<std::size_t>(base::parse_int(given->second).value_or(0));
    while (buffer.size() < length) {
      if (!read_more(fd, buffer)) {
        return false;
      }
    }
    request.body = buffer.substr(0, length);
    buffer.erase(0, length);
    return true;
  }

  Handler m_handler;
  base::Fd m_listener;
  std::uint16_t m_port{0};
  std::atomic<bool> m_ending{false};
  std::thread m_acceptor;
  std::vector<std::thread> m_threads;  // used only by the acceptor until that has ended
  mutable std::mutex m_mutex;
  std::vector<Recorded> m_requests;
};

/// A loopback port on which nothing listens.
inline std::uint16_t unused_port() {
  const base::Fd socket{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(socket.get(), generic, size) != 0 || ::getsockname(socket.get(), generic, &size) != 0) {
    throw base::SystemError("cannot bind");
  }
  return ntohs(address.sin_port);
}

}  // namespace torc::support
