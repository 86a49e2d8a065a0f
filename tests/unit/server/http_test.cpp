// The server on a real socket, and misbehaving clients.

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "torc/base/error.hpp"
#include "unit/server/http_fixture.hpp"

namespace torc::server {

TEST_F(HttpTest, AClaimWhoseClientHasJustDisconnectedGetsNothing) {
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
    RawClient looks{server.port()};  // Connected later, so once it is answered, the other claim is parked.
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

TEST_F(HttpTest, AnswersPipelinedRequestsInOrder) {
  RawClient client{server.port()};
  client.send(request_text("POST", "/workflows", R"({"name":"first","user":"u"})") + request_text("GET", "/ping") +
              request_text("GET", "/workflows/1"));
  EXPECT_NE(client.read_answer()->body.find("first"), std::string::npos);
  EXPECT_NE(client.read_answer()->body.find("ok"), std::string::npos);
  EXPECT_NE(client.read_answer()->body.find("first"), std::string::npos) << "it must see the earlier change";
}

TEST_F(HttpTest, AcceptsARequestByteByByte) {
  RawClient client{server.port()};
  for (const char c : request_text("POST", "/workflows", R"({"name":"w","user":"u"})")) {
    client.send({&c, 1});
  }
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, AcceptsAChunkedBody) {
  RawClient client{server.port()};
  client.send(
      "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
      "Content-Type: application/json\r\n\r\n9\r\n{\"name\":\"\r\nd\r\nw\",\"user\":\"u\"\r\n1\r\n}\r\n0\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, ClosesAtTheClientsRequest) {
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

TEST_F(HttpTest, SendsContinueToAClientThatExpectsIt) {
  RawClient client{server.port()};
  client.send(
      "POST /torc-service/v1/workflows HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
      "Content-Type: application/json\r\nContent-Length: 23\r\n\r\n");
  EXPECT_EQ(client.read_answer()->status, 100);
  client.send(R"({"name":"w","user":"u"})");
  EXPECT_EQ(client.read_answer()->status, 200);
}

TEST_F(HttpTest, SurvivesGarbage) {
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

TEST_F(HttpTest, AcceptsTheTargetOfAProxy) {
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

TEST_F(HttpTest, SurvivesDisappearingClients) {
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

TEST_F(HttpTest, AcknowledgedChangesSurviveARestart) {
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

TEST(ServerTest, NamesTheAddressItCannotUse) {
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

TEST(ServerTest, ReportsItsUrl) {
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

TEST_F(ListenerTest, RefusesFurtherConnectionsWithAnError) {
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

TEST_F(ListenerTest, ClosesConnectionsOfClientsThatDoNotReadTheResponse) {
  HttpLimits limits;
  limits.connections = 1;
  limits.answer = std::chrono::milliseconds{200};
  start(limits);
  RawClient lazy{listener->port()};
  constexpr std::size_t k_more_than_sockets_hold = 32UL * 1024 * 1024;
  lazy.send(fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", k_more_than_sockets_hold));
  lazy.send(std::string(k_more_than_sockets_hold, 'x'));
  EXPECT_TRUE(is_served_soon()) << "its connection must be free again";
  EXPECT_FALSE(lazy.read_answer().has_value()) << "only a part of the answer was sent";
}

TEST_F(ListenerTest, AnswersAcceptedRequestsBeforeItStops) {
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

TEST_F(ListenerTest, AReplyMayOutliveIt) {
  hold = true;
  HttpLimits limits;
  limits.stop = std::chrono::milliseconds{1};
  start(limits);
  RawClient called{listener->port()};
  called.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  const Reply late = held.get_future().get();
  held = {};
  RawClient dropped{listener->port()};
  dropped.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  Reply never = held.get_future().get();
  end();
  late({200, "nobody waits for it"});
  never = {};
  EXPECT_FALSE(called.read_answer().has_value());
  EXPECT_FALSE(dropped.read_answer().has_value());
}

}  // namespace torc::server
