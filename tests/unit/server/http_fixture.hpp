#pragma once

// The server, or only its listener, on a real socket.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include "server/http/http_listener.hpp"
#include "support/temp_dir.hpp"
#include "torc/server/server.hpp"
#include "unit/server/raw_client.hpp"

namespace torc::server {

class HttpTest : public testing::Test {
 protected:
  void expect_alive() {
    RawClient client{server.port()};
    client.send(request_text("GET", "/ping"));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, R"({"status":"ok"})");
  }

  support::TempDir dir;
  Server server{ServerOptions{"127.0.0.1", 0, dir / "torc.db"}};
};

/// A listener with low limits, which answers each request with the request's body.
class ListenerTest : public testing::Test {
 protected:
  void start(HttpLimits limits) {
    listener = std::make_unique<HttpListener>("127.0.0.1", 0, limits);
    thread = std::thread([this] {
      listener->run(
          [this](Incoming request, Reply reply) {
            authorization = request.authorization;
            if (fail) {
              throw std::runtime_error("made to fail");
            }
            if (hold) {
              held.set_value(std::move(reply));
            } else {
              reply({200, std::move(request.body)});
            }
          },
          [this](const Incoming& head, Admitted then) {
            if (fail_admission) {
              throw std::runtime_error("made to fail");
            }
            asked = fmt::format("{} from {}", head.target, head.client);
            if (hold_admission) {
              held_admission.set_value(std::move(then));
            } else {
              then(admission);
            }
          });
    });
  }
  void TearDown() override { end(); }
  void end() {
    if (listener) {
      listener->stop();
      thread.join();
      listener.reset();
    }
  }

  /// Whether another client soon gets an answer, even if there are too many clients at first.
  bool is_served_soon(const std::string& request = "POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n4") {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (std::chrono::steady_clock::now() < deadline) {
      RawClient next{listener->port()};
      next.try_send(request);
      if (const auto answer = next.read_answer(); answer && answer->status == 200) {
        return true;
      }
    }
    return false;
  }

  std::atomic<bool> hold{false};
  std::atomic<bool> fail{false};
  std::atomic<bool> fail_admission{false};
  std::string authorization;          ///< Field of the last request.
  std::optional<Response> admission;  ///< Without a value, all bodies are read.
  std::string asked;
  std::promise<Reply> held;
  std::atomic<bool> hold_admission{false};
  std::promise<Admitted> held_admission;
  std::unique_ptr<HttpListener> listener;
  std::thread thread;
};

}  // namespace torc::server
