// The server on a real socket, and clients that do not behave.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <stdexcept>
#include <thread>

#include "server/http_listener.hpp"
#include "support/memory.hpp"
#include "support/temp_dir.hpp"
#include "torc/server/server.hpp"
#include "unit/server/raw_client.hpp"

namespace torc::server {
namespace {

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

/// A listener with limits that a test can reach, answering each request with its body.
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
  void TearDown() override {
    listener->stop();
    thread.join();
  }

  /// Whether another client gets an answer before long, where there are too many at first.
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
  std::string authorization;          ///< Of the last request.
  std::optional<Response> admission;  ///< Nothing: all bodies are read.
  std::string asked;
  std::promise<Reply> held;
  std::atomic<bool> hold_admission{false};
  std::promise<Admitted> held_admission;
  std::unique_ptr<HttpListener> listener;
  std::thread thread;
};

}  // namespace

TEST_F(HttpTest, AClaimWhoseClientHasJustLeftIsGivenNothing) {
  RawClient other{server.port()};
  const auto ask = [&](const std::string& method, const std::string& path, const std::string& body = {}) {
    other.send(request_text(method, path, body));
    return other.read_answer().value().body;
  };
  ask("POST", "/workflows", R"({"name":"w","user":"u"})");
  ask("POST", "/bulk_jobs", R"({"jobs":[{"workflow_id":1,"name":"a","command":"c"}]})");
  for (int i = 0; i < 20; ++i) {
    ask("POST", "/workflows/1/reset_job_status");
    RawClient leaves{server.port()};
    leaves.send(request_text("POST", "/workflows/1/claim_next_jobs?wait=60"));
    RawClient looks{server.port()};  // Connected and answered after the other: that one waits by now.
    looks.send(request_text("POST", "/workflows/1/claim_next_jobs?limit=0"));
    ASSERT_TRUE(looks.read_answer());
    leaves.close();
    ask("POST", "/workflows/1/initialize_jobs");
    ASSERT_NE(ask("POST", "/workflows/1/claim_next_jobs").find("\"name\":\"a\""), std::string::npos) << i;
  }
}

TEST_F(HttpTest, KeepsAConnectionOpen) {
  RawClient client{server.port()};
  for (int i = 0; i < 3; ++i) {
    client.send(request_text("POST", "/workflows", R"({"name":"w","user":"u"})"));
    ASSERT_EQ(client.read_answer()->status, 200);
  }
}

TEST_F(HttpTest, AnswersRequestsThatDidNotWaitInTheirOrder) {
  RawClient client{server.port()};
  client.send(request_text("POST", "/workflows", R"({"name":"first","user":"u"})") + request_text("GET", "/ping") +
              request_text("GET", "/workflows/1"));
  EXPECT_NE(client.read_answer()->body.find("first"), std::string::npos);
  EXPECT_NE(client.read_answer()->body.find("ok"), std::string::npos);
  EXPECT_NE(client.read_answer()->body.find("first"), std::string::npos) << "sees the change that was answered before";
}

TEST_F(HttpTest, TakesARequestByteByByte) {
  RawClient client{server.port()};
  for (const char c : request_text("POST", "/workflows", R"({"name":"w","user":"u"})")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, TakesABodyInChunks) {
  RawClient client{server.port()};
  client.send(
      "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
      "Content-Type: application/json\r\n\r\n9\r\n{\"name\":\"\r\nd\r\nw\",\"user\":\"u\"\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, SurvivesEveryWayToSendTheEndOfAChunkedBody) {
  const std::string head =
      "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  const std::string long_text(70'000, 'a');
  std::string lines;
  for (int i = 0; i < 3000; ++i) {
    lines += "T: x\r\n";
  }
  const std::vector<std::vector<std::string>> attacks{
      {head + "0\r\n"},
      {head + "0\r\n", "T: x\r\n", "\r\n"},
      {head + "0\r\nT: x\r\n", "\r\n"},
      {head + "0\r\nT: x", "\r\n\r\n"},
      {head + "0\r\n", "\r", "\n"},
      {head + "0", "\r", "\n", "T", ":", "\r", "\n", "\r", "\n"},
      {head + "5\r\nhello\r", "\n", "0\r", "\n\r", "\n"},
      {head, "5", "\r", "\n", "hello\r", "\n0\r\n", "\r\n"},
      {head + "0\r\nT: " + long_text + "\r\n\r\n"},
      {head + "0\r\n" + long_text + ": x\r\n\r\n"},
      {head + "0\r\n" + lines, "T: x\r\n", "\r\n"},
      {head + "0;" + long_text + "\r\n\r\n"},
  };
  for (const auto& segments : attacks) {
    RawClient client{server.port()};
    client.set_no_delay();
    for (const auto& segment : segments) {
      client.try_send(segment);
      expect_alive();  // So the server has read the segment before the next one comes.
    }
    client.close_sending();
    const auto answer = client.read_answer();
    EXPECT_TRUE(!answer || answer->status / 100 == 4) << segments.front().substr(head.size(), 20);
  }
}

TEST_F(HttpTest, MemoryStaysBoundedUnderEndlessExtensionsAndTrailers) {
  const std::string head =
      "GET /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  std::string trailers;
  for (int i = 0; i < 32'768; ++i) {
    trailers += "T: aaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n";
  }
  const std::string extension(trailers.size(), 'a');
  std::string small_chunks;
  while (small_chunks.size() < trailers.size()) {
    small_chunks += "1;" + std::string(1000, 'a') + "\r\nx\r\n";
  }
  const struct {
    const char* what;
    std::string first;
    const std::string& piece;
  } attacks[] = {{"chunk extension", head + "5;", extension},
                 {"trailers", head + "0\r\nT: aaaaaaaa\r\n", trailers},
                 {"chunks with extensions", head, small_chunks}};
  constexpr std::size_t k_attack = 300UL * 1024 * 1024;
  for (const auto& [what, first, piece] : attacks) {
    support::reset_peak_memory();
    const auto before = support::peak_memory();
    RawClient client{server.port()};
    std::size_t sent = client.try_send(first);
    for (std::size_t more = 1; more > 0 && sent < k_attack; sent += more) {
      more = client.try_send(piece);
    }
    const auto grown = support::peak_memory() - before;
    RecordProperty(std::string{"peak memory growth in bytes, "} + what, std::to_string(grown));
    std::printf("%s: %zu MB sent, peak memory grew by %zu kB\n", what, sent >> 20U, grown >> 10U);
    EXPECT_LT(grown, 16UL * 1024 * 1024) << what;
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value()) << what;
    EXPECT_EQ(answer->status, what == std::string_view{"chunks with extensions"} ? 413 : 431) << answer->body;
  }
  expect_alive();
}

TEST_F(ListenerTest, TrailersAreNoHeaderFields) {
  start({});
  RawClient client{listener->port()};
  client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\nx\r\n0\r\nAuthorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n");
  EXPECT_EQ(client.read_answer()->body, "x");
  EXPECT_EQ(authorization, "");
}

TEST_F(ListenerTest, AnExceptionEndsItsConnectionOnly) {
  start({});
  RawClient bystander{listener->port()};
  for (auto* const trouble : {&fail, &fail_admission}) {
    *trouble = true;
    RawClient client{listener->port()};
    client.send("POST / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + std::string(300'000, 'x'));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, trouble == &fail ? 500 : 400);
    EXPECT_TRUE(client.is_closed());
    *trouble = false;
    bystander.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
    EXPECT_EQ(bystander.read_answer()->body, "1") << "on a connection from before";
  }
}

TEST_F(ListenerTest, TheTimeOfAnAdmissionIsNotTheClients) {
  HttpLimits limits;
  limits.request = std::chrono::milliseconds{300};
  hold_admission = true;
  start(limits);
  RawClient client{listener->port()};
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  auto admitted = held_admission.get_future().get();
  // Once a slow sender who began later is refused, the first one's time would be over, too.
  RawClient slow{listener->port()};
  slow.send("GET / HTTP/1.1\r\n");
  ASSERT_EQ(slow.read_answer()->status, 408);
  std::vector<Answer> answers;
  answers.push_back({[&](const Response&) { admitted(std::nullopt); }, {}});
  listener->deliver(std::move(answers));
  EXPECT_EQ(client.read_answer()->body, "x");
  client.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\ny");
  EXPECT_EQ(client.read_answer()->body, "y") << "the next request has its own time";
}

TEST_F(ListenerTest, AReplyThatIsDroppedByAnotherThreadEndsItsConnection) {
  hold = true;
  start({});
  RawClient client{listener->port()};
  client.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  held.get_future().get() = nullptr;
  held = {};
  EXPECT_TRUE(client.is_closed());
  hold = false;
  EXPECT_TRUE(is_served_soon());
}

TEST_F(ListenerTest, ARefusedHeadRequestGetsNoBody) {
  start({});
  RawClient client{listener->port()};
  client.send("HEAD / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 400);
  EXPECT_TRUE(client.is_closed()) << "no byte of a body";
}

TEST_F(ListenerTest, AReplyThatFailsEndsNothingElse) {
  start({});
  std::promise<void> called;
  std::vector<Answer> answers;
  answers.push_back({[](const Response&) { throw std::runtime_error("made to fail"); }, {}});
  answers.push_back({[&](const Response&) { called.set_value(); }, {}});
  listener->deliver(std::move(answers));
  called.get_future().get();
  EXPECT_TRUE(is_served_soon());
}

TEST_F(ListenerTest, ChunkedBodiesAreCountedAsTheyGrow) {
  HttpLimits limits;
  limits.body = 1'000'000;
  limits.bodies = 1'000'000;
  start(limits);
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  std::vector<std::unique_ptr<RawClient>> small;
  for (int i = 0; i < 10; ++i) {
    small.push_back(std::make_unique<RawClient>(listener->port()));
    small.back()->send(head + "1\r\nx\r\n");
  }
  EXPECT_TRUE(is_served_soon(head + "4\r\nabcd\r\n0\r\n\r\n")) << "small bodies in chunks hold up nobody";
  const std::string much(600'000, 'x');
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", much.size(), much);
  RawClient first{listener->port()};
  first.send(head + chunk);
  std::optional<RawClient::Answer> answer;
  do {  // The first one's bytes may come later than this connection: only then is there no room.
    RawClient second{listener->port()};
    second.try_send(head + chunk + "0\r\n\r\n");
    answer = second.read_answer();
    ASSERT_TRUE(answer.has_value());
  } while (answer->status == 200);
  EXPECT_EQ(answer->status, 503) << answer->body;
  first.send("0\r\n\r\n");
  EXPECT_EQ(first.read_answer()->body.size(), much.size());
}

TEST_F(HttpTest, ClosesWhereTheClientWantsIt) {
  RawClient client{server.port()};
  client.send("GET /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 200);
  EXPECT_TRUE(client.is_closed());
  RawClient old{server.port()};
  old.send("GET /torc-service/v1/ping HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.read_answer()->status, 200);
  EXPECT_TRUE(old.is_closed());
}

TEST_F(HttpTest, AnswersHeadWithoutABody) {
  RawClient client{server.port()};
  client.send("HEAD /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_EQ(answer->status, 405);
  EXPECT_EQ(answer->body, "");
}

TEST_F(HttpTest, SaysGoOnToAClientThatAsks) {
  RawClient client{server.port()};
  client.send(
      "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Type: application/json\r\nContent-Length: 23\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 100);
  client.send(R"({"name":"w","user":"u"})");
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, RefusesGarbageAndLives) {
  const std::string zeros(4096, '\0');
  for (const std::string& bytes :
       {std::string{"garbage\r\n\r\n"}, zeros, std::string{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11},
        std::string{"GET\r\n\r\n"}, std::string{"GET / HTTP/9.9\r\n\r\n"},
        std::string{"POST /torc-service/v1/workflows HTTP/1.1\r\nContent-Length: -5\r\n\r\n"},
        std::string{"POST /torc-service/v1/workflows HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n"},
        std::string{"POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                    "chunked\r\n\r\nzz\r\n"}}) {
    RawClient client{server.port()};
    client.send(bytes);
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value()) << bytes;
    EXPECT_TRUE(answer->status == 400 || answer->status == 413) << answer->status << ' ' << bytes;
    EXPECT_TRUE(client.is_closed());
  }
  expect_alive();
}

TEST_F(HttpTest, RefusesWhatHidesASecondRequest) {
  const std::string hidden = "GET /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n";
  for (const std::string fields :
       {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "Host : h\r\n"}) {
    RawClient client{server.port()};
    client.send("POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n0\r\n\r\n" + hidden);
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value()) << fields;
    EXPECT_EQ(answer->status, 400) << fields << answer->body;
    EXPECT_TRUE(client.is_closed()) << fields;
  }
  expect_alive();
}

TEST_F(HttpTest, TakesTheTargetOfAProxy) {
  RawClient client{server.port()};
  client.send("GET http://localhost:1/torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 200);
  client.send("GET http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 404);
}

TEST_F(HttpTest, RefusesABodyThatIsTooLargeBeforeItIsSent) {
  RawClient client{server.port()};
  client.send("POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nContent-Length: 67108865\r\n\r\n");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 413);
  expect_alive();
}

TEST_F(HttpTest, RefusesAHeaderThatIsTooLarge) {
  RawClient client{server.port()};
  client.try_send("GET /torc-service/v1/ping HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 431);
  expect_alive();
}

TEST_F(HttpTest, ClientsThatDisappearDoNoHarm) {
  for (int i = 0; i < 50; ++i) {
    RawClient half{server.port()};
    half.send(
        "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
        "application/json\r\nContent-Length: 100\r\n\r\n{");
    half.close();
    RawClient unread{server.port()};
    unread.send(request_text("POST", "/workflows", R"({"name":"w","user":"u"})"));
    unread.close();
  }
  expect_alive();
}

TEST_F(HttpTest, DeepAndHugeJsonIsRefused) {
  RawClient client{server.port()};
  client.send(request_text("POST", "/events", std::string(1'000'000, '[')));
  EXPECT_EQ(client.read_answer()->status, 400);
  client.send(request_text("POST", "/events", R"({"workflow_id":)" + std::string(100'000, '9') + "}"));
  EXPECT_EQ(client.read_answer()->status / 100, 4);
  expect_alive();
}

TEST_F(HttpTest, ManyClientsAtOnceGetTheirAnswers) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 16; ++i) {
    threads.emplace_back([&] {
      RawClient client{server.port()};
      for (int k = 0; k < 20; ++k) {
        client.send(request_text("POST", "/workflows", R"({"name":"w","user":"u"})"));
        good += client.read_answer()->status == 200 ? 1 : 0;
        client.send(request_text("GET", "/workflows?limit=3"));
        good += client.read_answer()->status == 200 ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(good, 16 * 40);
}

TEST_F(HttpTest, StopsWithIdleClientsAndMoreThanOnce) {
  RawClient idle{server.port()};
  expect_alive();
  server.stop();
  server.stop();
  EXPECT_TRUE(idle.is_closed());
  EXPECT_THROW(RawClient{server.port()}, base::SystemError);
}

TEST_F(HttpTest, WhatWasAnsweredIsThereAfterTheNextStart) {
  {
    RawClient client{server.port()};
    client.send(request_text("POST", "/workflows", R"({"name":"kept","user":"u"})"));
    ASSERT_EQ(client.read_answer()->status, 200);
  }
  server.stop();
  const Server again{ServerOptions{"127.0.0.1", 0, dir / "torc.db"}};
  RawClient client{again.port()};
  client.send(request_text("GET", "/workflows/1"));
  EXPECT_NE(client.read_answer()->body.find("kept"), std::string::npos);
}

TEST(ServerTest, NamesTheAddressItCannotHave) {
  const support::TempDir dir;
  const Server first{ServerOptions{"127.0.0.1", 0, dir / "a.db"}};
  try {
    const Server second{ServerOptions{"127.0.0.1", first.port(), dir / "b.db"}};
    FAIL() << "two servers on one port";
  } catch (const base::Error& error) {
    EXPECT_NE(std::string{error.what()}.find("127.0.0.1:" + std::to_string(first.port())), std::string::npos);
  }
  EXPECT_THROW((Server{ServerOptions{"no.such.host.invalid", 0, dir / "b.db"}}), base::Error);
}

TEST(ServerTest, TellsItsUrl) {
  const support::TempDir dir;
  const Server server{ServerOptions{"127.0.0.1", 0, dir / "a.db"}};
  EXPECT_EQ(server.url(), "http://127.0.0.1:" + std::to_string(server.port()) + "/torc-service/v1");
  EXPECT_TRUE(server.is_loopback());
}

TEST_F(ListenerTest, GivesASlowSenderAnAnswerAndCloses) {
  HttpLimits limits;
  limits.request = std::chrono::milliseconds{200};
  start(limits);
  RawClient client{listener->port()};
  client.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n1");
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 408);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ListenerTest, ClosesIdleConnections) {
  HttpLimits limits;
  limits.idle = std::chrono::milliseconds{200};
  start(limits);
  RawClient client{listener->port()};
  EXPECT_TRUE(client.is_closed());
}

TEST_F(ListenerTest, TellsFurtherConnectionsThatThereAreTooMany) {
  HttpLimits limits;
  limits.connections = 2;
  start(limits);
  RawClient first{listener->port()};
  first.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  ASSERT_EQ(first.read_answer()->body, "1");
  RawClient second{listener->port()};
  second.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n2");
  ASSERT_EQ(second.read_answer()->body, "2");
  {
    RawClient third{listener->port()};
    third.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n3");
    const auto answer = third.read_answer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->status, 503);
    EXPECT_NE(answer->body.find("2 connections"), std::string::npos) << answer->body;
    EXPECT_TRUE(third.is_closed());
  }
  first.close();
  EXPECT_TRUE(is_served_soon());
}

TEST_F(ListenerTest, AsksBeforeItReadsALargeBody) {
  admission = Response{404, "nobody wants it"};
  start({});
  RawClient small{listener->port()};
  small.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  EXPECT_EQ(small.read_answer()->body, "1") << "it is not asked for";
  for (const char* const length : {"Content-Length: 1000000", "Transfer-Encoding: chunked"}) {
    RawClient client{listener->port()};
    client.send(fmt::format("POST /there HTTP/1.1\r\n{}\r\n\r\n", length));
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer.has_value()) << length;
    EXPECT_EQ(answer->body, "nobody wants it");
    EXPECT_TRUE(client.is_closed());
  }
  EXPECT_EQ(asked, "/there from 127.0.0.1");
}

TEST_F(ListenerTest, LargeBodiesAreLimitedTogether) {
  HttpLimits limits;
  limits.bodies = 1'000'000;
  start(limits);
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 600000\r\n\r\n";
  const std::string body(600'000, 'x');
  RawClient first{listener->port()};
  first.send(head + "x");
  {
    // The first one's bytes may come later than this connection: only then is there room.
    std::optional<RawClient::Answer> answer;
    do {
      RawClient second{listener->port()};
      second.send(head);
      second.try_send(body);
      answer = second.read_answer();
      ASSERT_TRUE(answer.has_value());
    } while (answer->status == 200);
    EXPECT_EQ(answer->status, 503);
    EXPECT_NE(answer->body.find("1000000 bytes together"), std::string::npos) << answer->body;
    EXPECT_NE(answer->head.find("Retry-After"), std::string::npos);
  }
  first.send(body.substr(1));
  EXPECT_EQ(first.read_answer()->body.size(), body.size());
  first.send(head + body);
  EXPECT_EQ(first.read_answer()->status, 200) << "there is room again";
  first.send(head + "x");
  first.close();
  EXPECT_TRUE(is_served_soon(head + body)) << "also after a client that has left";
}

TEST_F(ListenerTest, GivesUpOnAClientThatDoesNotTakeItsAnswer) {
  HttpLimits limits;
  limits.connections = 1;
  limits.answer = std::chrono::milliseconds{200};
  start(limits);
  RawClient lazy{listener->port()};
  constexpr std::size_t k_more_than_sockets_hold = 32UL * 1024 * 1024;
  lazy.send(fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", k_more_than_sockets_hold));
  lazy.send(std::string(k_more_than_sockets_hold, 'x'));
  EXPECT_TRUE(is_served_soon()) << "its place is free again";
  EXPECT_FALSE(lazy.read_answer().has_value()) << "there is no more than a part of the answer";
}

TEST_F(ListenerTest, AnswersWhatItHasAcceptedBeforeItStops) {
  hold = true;
  start({});
  RawClient client{listener->port()};
  client.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  auto reply = held.get_future().get();
  listener->stop();
  std::vector<Answer> answers;
  answers.push_back({std::move(reply), {200, "done"}});
  listener->deliver(std::move(answers));
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "done");
  EXPECT_NE(answer->head.find("Connection: close"), std::string::npos);
}

}  // namespace torc::server
