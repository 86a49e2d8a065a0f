// Clients that attack the server: they affect only their own connection, and their data are bounded.

#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/memory.hpp"
#include "unit/server/http_fixture.hpp"

namespace torc::server {

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
      expect_alive();  // So that the server has read the segment before the next one arrives.
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
    const support::PeakMemoryGrowth growth;
    RawClient client{server.port()};
    std::size_t sent = client.try_send(first);
    for (std::size_t more = 1; more > 0 && sent < k_attack; sent += more) {
      more = client.try_send(piece);
    }
    const auto grown = growth.bytes();
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
    EXPECT_EQ(bystander.read_answer()->body, "1") << "an existing connection must still work";
  }
}

TEST_F(ListenerTest, TheTimeForAdmissionDoesNotCountForTheClient) {
  HttpLimits limits;
  limits.request = std::chrono::milliseconds{300};
  hold_admission = true;
  start(limits);
  RawClient client{listener->port()};
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n");
  auto admitted = held_admission.get_future().get();
  // When a slow sender that began later is refused, the first one's time would have passed, too.
  RawClient slow{listener->port()};
  slow.send("GET / HTTP/1.1\r\n");
  ASSERT_EQ(slow.read_answer()->status, 408);
  std::vector<Answer> answers;
  answers.push_back({[&](const Response&) { admitted(std::nullopt); }, {}});
  listener->deliver(std::move(answers));
  EXPECT_EQ(client.read_answer()->body, "x");
  client.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\ny");
  EXPECT_EQ(client.read_answer()->body, "y") << "the next request has its own time limit";
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
  EXPECT_TRUE(client.is_closed()) << "there must be no body";
}

TEST_F(ListenerTest, AFailingReplyEndsNothingElse) {
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
  EXPECT_TRUE(is_served_soon(head + "4\r\nabcd\r\n0\r\n\r\n")) << "small chunked bodies must not delay others";
  const std::string much(600'000, 'x');
  const std::string chunk = fmt::format("{:x}\r\n{}\r\n", much.size(), much);
  RawClient first{listener->port()};
  first.send(head + chunk);
  std::optional<RawClient::Answer> answer;
  do {  // The first client's bytes may arrive after this connection; only then is there no room.
    RawClient second{listener->port()};
    second.try_send(head + chunk + "0\r\n\r\n");
    answer = second.read_answer();
    ASSERT_TRUE(answer.has_value());
  } while (answer->status == 200);
  EXPECT_EQ(answer->status, 503) << answer->body;
  first.send("0\r\n\r\n");
  EXPECT_EQ(first.read_answer()->body.size(), much.size());
}

TEST_F(HttpTest, RefusesRequestsThatHideASecondOne) {
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

TEST_F(ListenerTest, LargeBodiesAreLimitedTogether) {
  HttpLimits limits;
  limits.bodies = 1'000'000;
  start(limits);
  const std::string head = "POST / HTTP/1.1\r\nContent-Length: 600000\r\n\r\n";
  const std::string body(600'000, 'x');
  RawClient first{listener->port()};
  first.send(head + "x");
  {
    // The first client's bytes may arrive after this connection; until then there is room.
    std::optional<RawClient::Answer> answer;
    do {
      RawClient second{listener->port()};
      second.send(head);
      second.try_send(body);
      answer = second.read_answer();
      ASSERT_TRUE(answer.has_value());
    } while (answer->status == 200);
    EXPECT_EQ(answer->status, 503);
    EXPECT_NE(answer->body.find("1000000 bytes in total"), std::string::npos) << answer->body;
    EXPECT_NE(answer->head.find("Retry-After"), std::string::npos);
  }
  first.send(body.substr(1));
  EXPECT_EQ(first.read_answer()->body.size(), body.size());
  first.send(head + body);
  EXPECT_EQ(first.read_answer()->status, 200) << "there must be room again";
  first.send(head + "x");
  first.close();
  EXPECT_TRUE(is_served_soon(head + body)) << "also after a client has disconnected";
}

TEST_F(ListenerTest, AsksBeforeItReadsALargeBody) {
  admission = Response{404, "nobody wants it"};
  start({});
  RawClient small{listener->port()};
  small.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\n1");
  EXPECT_EQ(small.read_answer()->body, "1") << "a small body needs no admission";
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

}  // namespace torc::server
