#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "torc/base/fd.hpp"
#include "torc/base/strings.hpp"

namespace torc::runner::testing {

/// A proxy that loses answers: the server has carried out the request, and the client's connection is closed. It uses
/// its own threads, and supports only the HTTP that client and server use (Content-Length).
class LossyProxy {
 public:
  explicit LossyProxy(std::uint16_t server_port) : m_server_port(server_port), m_listener(listen_on_loopback()) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(m_listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    m_port = ntohs(address.sin_port);
    m_acceptor = std::thread([this] { accept_all(); });
  }
  LossyProxy(const LossyProxy&) = delete;
  LossyProxy& operator=(const LossyProxy&) = delete;
  ~LossyProxy() {
    m_ending = true;
    m_acceptor.join();
    for (auto& thread : m_threads) {
      thread.join();
    }
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(m_port) + "/torc-service/v1"; }

  /// Loses the next `times` answers to requests whose first line contains `text`.
  void lose(const std::string& text, int times) {
    const std::scoped_lock lock(m_mutex);
    m_text = text;
    m_times = times;
  }
  /// Replaces `word` in all answers by another word of the same length, so that the client assumes a server that does
  /// not know it.
  void hide(const std::string& word) {
    const std::scoped_lock lock(m_mutex);
    m_hidden.push_back(word);
  }
  /// Calls `hook` before it forwards a request whose first line contains `text`, in the thread of that connection. Call
  /// this function before the first request.
  void before(const std::string& text, std::function<void()> hook) {
    m_hook_text = text;
    m_hook = std::move(hook);
  }
  /// Blocks requests and answers (true), or forwards them again (false).
  void cut(bool is_cut) { m_is_cut = is_cut; }
  /// The number of requests so far whose first line contains `text`.
  int seen(const std::string& text) { return count_in(m_seen, text); }
  /// The number of such requests that were answered.
  int answered(const std::string& text) { return count_in(m_answered, text); }
  /// The number of answers lost so far.
  int lost() const { return m_lost; }

 private:
  static base::Fd listen_on_loopback() {
    base::Fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = loopback(0);
    if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd.get(), 64) != 0) {
      throw std::runtime_error("no listening socket");
    }
    return fd;
  }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  bool readable(int fd) const {
    pollfd polled{fd, POLLIN, 0};
    while (!m_ending) {
      if (::poll(&polled, 1, 20) > 0) {
        return true;
      }
    }
    return false;
  }

  void accept_all() {
    while (readable(m_listener.get())) {
      const int fd = ::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd >= 0) {
        m_threads.emplace_back([this, fd] { serve(base::Fd{fd}); });
      }
    }
  }

  /// One message with its body; no value at the end of the connection.
  std::optional<std::string> read_message(int fd) const {
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
      const auto head = text.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::string lower = base::to_lower(text.substr(0, head));
        const auto found = lower.find("content-length:");
        const auto length = found == std::string::npos ? 0 : std::stoull(lower.substr(found + 15));
        if (text.size() >= head + 4 + length) {
          return text;
        }
      }
      const ssize_t count = readable(fd) ? ::recv(fd, buffer.data(), buffer.size(), 0) : 0;
      if (count <= 0) {
        return std::nullopt;
      }
      text.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }

  void note(std::list<std::string>& lines, const std::string& request) {
    const std::scoped_lock lock(m_mutex);
    lines.push_back(request.substr(0, request.find("\r\n")));
  }

  int count_in(const std::list<std::string>& lines, const std::string& text) {
    const std::scoped_lock lock(m_mutex);
    int count = 0;
    for (const auto& line : lines) {
      count += line.find(text) != std::string::npos ? 1 : 0;
    }
    return count;
  }

  bool loses(const std::string& request) {
    const std::scoped_lock lock(m_mutex);
    if (m_times == 0 || request.substr(0, request.find("\r\n")).find(m_text) == std::string::npos) {
      return false;
    }
    --m_times;
    ++m_lost;
    return true;
  }

  void serve(base::Fd client) {
    const base::Fd server{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const sockaddr_in address = loopback(m_server_port);
    if (::connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return;
    }
    while (const auto request = read_message(client.get())) {
      if (m_hook && request->substr(0, request->find("\r\n")).find(m_hook_text) != std::string::npos) {
        m_hook();
      }
      if (m_is_cut || !send_all(server.get(), *request)) {
        return;
      }
      note(m_seen, *request);
      auto answer = read_message(server.get());
      if (answer) {
        hide_words(*answer);
      }
      if (!answer || m_is_cut || loses(*request) || !send_all(client.get(), *answer)) {
        return;
      }
      note(m_answered, *request);
    }
  }

  void hide_words(std::string& answer) {
    const std::scoped_lock lock(m_mutex);
    for (const auto& word : m_hidden) {
      for (auto at = answer.find(word); at != std::string::npos; at = answer.find(word)) {
        answer.replace(at, word.size(), word.size(), 'x');
      }
    }
  }

  static bool send_all(int fd, const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size()) {
      const ssize_t count = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) {
        return false;
      }
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }

  std::uint16_t m_server_port;
  base::Fd m_listener;
  std::uint16_t m_port{0};
  std::atomic<bool> m_ending{false};
  std::thread m_acceptor;
  std::list<std::thread> m_threads;
  std::mutex m_mutex;
  std::list<std::string> m_seen;
  std::list<std::string> m_answered;
  std::list<std::string> m_hidden;
  std::string m_hook_text;
  std::function<void()> m_hook;
  std::string m_text;
  int m_times{0};
  std::atomic<int> m_lost{0};
  std::atomic<bool> m_is_cut{false};
};

}  // namespace torc::runner::testing
