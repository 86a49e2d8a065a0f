#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {

/// A TCP connection for arbitrary bytes. Reads wait for at most ten seconds.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : m_socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* untyped = &address;
    if (::connect(m_socket.get(), static_cast<const sockaddr*>(untyped), sizeof address) != 0) {
      throw base::SystemError("connect");
    }
  }

  void send(std::string_view bytes) { base::write_all(m_socket.get(), bytes); }
  /// As `send`, but does not fail if the server has closed. @returns how many bytes were sent
  std::size_t try_send(std::string_view bytes) {
    const auto sent = ::send(m_socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  /// Makes each `send` a separate segment, as far as the kernel allows.
  void set_no_delay() {
    const int on = 1;
    ::setsockopt(m_socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  void close() { m_socket.reset(); }
  void close_sending() { ::shutdown(m_socket.get(), SHUT_WR); }

  struct Answer {
    int status{0};
    std::string head{};
    std::string body{};
  };

  /// The next answer; no value if the connection was closed or it took too long.
  std::optional<Answer> read_answer() {
    std::size_t end = 0;
    while ((end = m_buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!read_more()) {
        return std::nullopt;
      }
    }
    Answer answer;
    answer.head = m_buffer.substr(0, end + 2);
    m_buffer.erase(0, end + 4);
    answer.status = static_cast<int>(base::parse_int(answer.head.substr(9, 3)).value_or(0));
    const auto field = base::to_lower(answer.head).find("content-length: ");
    std::size_t length = 0;
    if (field != std::string::npos) {
      const auto start = field + 16;
      length = static_cast<std::size_t>(
          base::parse_int(answer.head.substr(start, answer.head.find("\r\n", start) - start)).value_or(0));
    }
    while (m_buffer.size() < length) {
      if (!read_more()) {
        return std::nullopt;
      }
    }
    answer.body = m_buffer.substr(0, length);
    m_buffer.erase(0, length);
    return answer;
  }

  /// All bytes up to and including the first `end`; no value if the connection was closed or it took too long.
  std::optional<std::string> read_until(std::string_view end) {
    std::size_t found = 0;
    while ((found = m_buffer.find(end)) == std::string::npos) {
      if (!read_more()) {
        return std::nullopt;
      }
    }
    std::string text = m_buffer.substr(0, found + end.size());
    m_buffer.erase(0, text.size());
    return text;
  }

  /// Whether the server closes the connection without sending another byte.
  bool is_closed() { return m_buffer.empty() && !read_more(); }

 private:
  bool read_more() {
    pollfd poll_fd{.fd = m_socket.get(), .events = POLLIN, .revents = 0};
    if (::poll(&poll_fd, 1, 10'000) != 1) {
      return false;
    }
    char bytes[65536];
    const auto count = ::recv(m_socket.get(), bytes, sizeof bytes, 0);
    if (count <= 0) {
      return false;
    }
    m_buffer.append(bytes, static_cast<std::size_t>(count));
    return true;
  }

  base::Fd m_socket;
  std::string m_buffer;
};

inline std::string request_text(std::string_view method, std::string_view path, std::string_view body = {}) {
  return std::string{method} + " /torc-service/v1" + std::string{path} +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string{body};
}

}  // namespace torc::server
