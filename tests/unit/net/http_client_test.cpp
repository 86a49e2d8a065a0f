#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <stop_token>
#include <thread>

#include "support/recording_server.hpp"
#include "torc/net/http_client.hpp"

using namespace std::chrono_literals;
using torc::net::HttpClient;
using torc::net::HttpOptions;
using torc::support::answer;
using torc::support::Recorded;
using torc::support::RecordingServer;

TEST(HttpClient, ReturnsTheResponseUnchanged) {
  RecordingServer server([](const Recorded&) { return answer("{\"a\": 1}", 404); });
  HttpClient client({});

  const auto response = client.request("GET", server.url() + "/x?y=1");

  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "{\"a\": 1}");
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.error, "");
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].target, "/torc-service/v1/x?y=1");
}

TEST(HttpClient, SendsEachMethodWithItsBody) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  HttpClient client({});

  for (const char* method : {"POST", "PUT"}) {
    client.request(method, server.url(), R"({"n":1})");
    client.request(method, server.url());
  }
  client.request("DELETE", server.url());
  client.request("GET", server.url());

  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 6U);
  EXPECT_EQ(requests[0].method, "POST");
  EXPECT_EQ(requests[0].body, R"({"n":1})");
  EXPECT_EQ(requests[0].headers.at("content-type"), "application/json");
  EXPECT_EQ(requests[1].headers.at("content-length"), "0");
  EXPECT_FALSE(requests[1].headers.contains("content-type"));
  EXPECT_EQ(requests[2].method, "PUT");
  EXPECT_EQ(requests[3].headers.at("content-length"), "0");
  EXPECT_EQ(requests[4].method, "DELETE");
  EXPECT_FALSE(requests[4].headers.contains("content-length"));
  EXPECT_EQ(requests[5].method, "GET");
  EXPECT_EQ(requests[5].body, "");
}

TEST(HttpClient, KeepsTheConnectionOpen) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  HttpClient client({});

  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(client.request("POST", server.url(), "{}").status, 200);
  }

  for (const auto& request : server.requests()) {
    EXPECT_EQ(request.connection, 1);
  }
}

TEST(HttpClient, SendsLargeBodiesAtOnce) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  HttpClient client({});
  const std::string body(5'000'000, 'x');

  EXPECT_EQ(client.request("POST", server.url(), body).status, 200);

  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].body, body);
  EXPECT_FALSE(server.requests()[0].headers.contains("expect"));
}

TEST(HttpClient, ReportsARefusedConnection) {
  HttpClient client({});

  const auto response =
      client.request("POST", "http://127.0.0.1:" + std::to_string(torc::support::unused_port()) + "/", "{}");

  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error, "connection refused");
  EXPECT_FALSE(response.sent);
}

TEST(HttpClient, LimitsTheWholeRequest) {
  std::promise<void> release;
  RecordingServer server([&](const Recorded&) {
    release.get_future().wait();
    return answer("{}");
  });
  HttpOptions options;
  options.request_limit = 200ms;
  HttpClient client(options);

  const auto response = client.request("GET", server.url());
  release.set_value();

  EXPECT_EQ(response.status, 0);
  EXPECT_EQ(response.error, "timed out after 0.2 s");
  EXPECT_TRUE(response.sent);
}

TEST(HttpClient, ReportsAConnectionClosedWithoutAResponse) {
  RecordingServer server([](const Recorded&) { return std::string(); });
  HttpClient client({});

  const auto response = client.request("POST", server.url(), "{}");

  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.sent);
  EXPECT_NE(response.error.find("connection"), std::string::npos) << response.error;
  EXPECT_EQ(server.requests().size(), 1U);
}

// The server may have carried out a request before it closed a kept connection; repeating it would carry it out twice.
TEST(HttpClient, NeverRepeatsAChangeOnItsOwn) {
  RecordingServer server(
      [](const Recorded& request) { return request.target.ends_with("/close") ? std::string() : answer("{}"); });
  HttpClient client({});
  ASSERT_EQ(client.request("GET", server.url()).status, 200);

  const auto response = client.request("POST", server.url() + "/close", "{}");

  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.sent);
  EXPECT_EQ(response.error, "the connection was closed before a response arrived");
  EXPECT_EQ(server.requests().size(), 2U);
}

TEST(HttpClient, SendsCredentialsOnlyIfThereAreAny) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  HttpOptions options;
  options.user = "alice";
  HttpClient anonymous(options);
  anonymous.request("GET", server.url());
  options.password = "secret";
  options.cookie_header = "session=1; x=2";
  HttpClient known(options);
  known.request("GET", server.url());

  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_FALSE(requests[0].headers.contains("authorization"));
  EXPECT_FALSE(requests[0].headers.contains("cookie"));
  EXPECT_EQ(requests[1].headers.at("authorization"), "Basic YWxpY2U6c2VjcmV0");
  EXPECT_EQ(requests[1].headers.at("cookie"), "session=1; x=2");
}

TEST(HttpClient, UsesNoProxyForLoopback) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  const std::string nobody = "http://127.0.0.1:" + std::to_string(torc::support::unused_port());
  ::setenv("http_proxy", nobody.c_str(), 1);
  HttpClient client({});

  const auto direct = client.request("GET", server.url());
  const auto proxied = client.request("GET", "http://192.0.2.1/");
  ::unsetenv("http_proxy");

  EXPECT_EQ(direct.status, 200) << direct.error;
  EXPECT_EQ(proxied.error, "connection refused") << "an address of another machine must use the proxy";
}

TEST(HttpClient, SurvivesResponsesThatAreNotHttp) {
  RecordingServer server([](const Recorded&) { return std::string("SSH-2.0-OpenSSH\r\n"); });
  HttpClient client({});

  const auto response = client.request("GET", server.url());

  EXPECT_EQ(response.status, 0);
  EXPECT_NE(response.error, "");
}

TEST(HttpClient, RefusesOtherProtocols) {
  HttpClient client({});
  for (const char* url : {"file:///etc/passwd", "nonsense://x", "http://", ""}) {
    const auto response = client.request("GET", url);
    EXPECT_EQ(response.status, 0) << url;
    EXPECT_NE(response.error, "") << url;
    EXPECT_FALSE(response.sent) << url;
  }
}

TEST(HttpClient, CanBeMoved) {
  RecordingServer server([](const Recorded&) { return answer("{}"); });
  HttpClient first({});
  first.request("GET", server.url());

  HttpClient second(std::move(first));

  EXPECT_EQ(second.request("GET", server.url()).status, 200);
  EXPECT_EQ(server.requests().back().connection, 1);
}

// A server that hangs. The caller limits the wait, and may change the limit during it.
TEST(HttpClient, GivesUpWhenTheWaitLimitEnds) {
  std::promise<void> over;
  const std::shared_future<void> until = over.get_future().share();
  RecordingServer server([until](const Recorded&) {
    until.wait();
    return answer("{}");
  });
  HttpClient client({});
  const auto began = std::chrono::steady_clock::now();
  int asked = 0;
  client.set_wait_limit({.left = [&](auto) { return ++asked < 3 ? 50ms : 0ms; }});

  const auto response = client.request("POST", server.url(), "{}");

  EXPECT_EQ(response.status, 0);
  EXPECT_TRUE(response.sent);
  EXPECT_TRUE(response.given_up);
  EXPECT_TRUE(response.error.starts_with("gave up after ")) << response.error;
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);

  std::stop_source stop;
  client.set_wait_limit(
      {.left = [&](auto) { return stop.stop_requested() ? 0ms : 60'000ms; }, .wake = {stop.get_token()}});
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_TRUE(client.request("GET", server.url()).given_up);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);

  over.set_value();
  client.set_wait_limit({});
  EXPECT_EQ(client.request("GET", server.url()).status, 200);
}

namespace {

/// The response to one request if the server sends these bytes and the client accepts at most 1 MB of a body.
torc::net::HttpResponse response_to(const std::string& bytes) {
  RecordingServer server([&](const Recorded&) { return bytes; });
  HttpOptions options;
  options.body_limit = 1'000'000;
  return HttpClient(options).request("GET", server.url());
}

constexpr const char* k_too_large = "the response is larger than any that this program expects";

}  // namespace

TEST(HttpClient, RejectsABodyBeyondTheLimit) {
  EXPECT_EQ(response_to(answer(std::string(1'000'000, ' '))).status, 200);
  std::string chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 100; ++i) {
    chunks += "10000\r\n" + std::string(65'536, ' ') + "\r\n";
  }
  const std::string until_closed = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + std::string(2'000'000, ' ');
  const std::string announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{";
  for (const std::string& bytes : {answer(std::string(1'000'001, ' ')), chunks, until_closed, announced}) {
    const auto response = response_to(bytes);
    EXPECT_EQ(response.status, 0);
    EXPECT_TRUE(response.over_limit);
    EXPECT_EQ(response.error, k_too_large);
    EXPECT_TRUE(response.body.empty());
  }
}

TEST(HttpClient, LimitsBodiesOfErrorsFurther) {
  RecordingServer server([&](const Recorded&) { return answer(std::string(2'000'000, ' '), 500); });
  const auto response = HttpClient({}).request("GET", server.url());
  EXPECT_TRUE(response.over_limit);
  EXPECT_EQ(response.error, k_too_large);
}

TEST(HttpClient, RejectsEndlessHeaders) {
  std::string lines;
  for (int i = 0; i < 100; ++i) {
    lines += "X: " + std::string(60'000, 'a') + "\r\n";
  }
  std::string interim;
  for (int i = 0; i < 10'000; ++i) {
    interim += "HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n";
  }
  std::string trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 1'000; ++i) {
    trailers += "X: " + std::string(1'000, 'a') + "\r\n";  // curl itself rejects longer ones.
  }
  for (const std::string& bytes : {"HTTP/1.1 200 OK\r\n" + lines + "\r\n", interim + answer("{}"), trailers}) {
    const auto response = response_to(bytes);
    EXPECT_EQ(response.status, 0);
    EXPECT_TRUE(response.over_limit);
    EXPECT_EQ(response.error, "the headers of the response are too large");
  }
}
