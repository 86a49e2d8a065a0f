#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>

#include "client/rest_connection.hpp"
#include "support/canned_server.hpp"
#include "torc/base/error.hpp"

using torc::base::ApiError;
using torc::base::UsageError;
using torc::client::Connection;
using torc::client::normalized_url;
using torc::client::Paging;
using torc::client::Query;
using torc::client::RestConnection;
using torc::support::answer;
using torc::support::Recorded;
using torc::support::RecordingServer;
namespace model = torc::model;

namespace {

Connection connection_to(const std::string& url) {
  Connection connection;
  connection.url = url;
  return connection;
}

ApiError error_of(const std::string& url, const std::function<void(RestConnection&)>& request) {
  RestConnection connection(connection_to(url));
  try {
    request(connection);
  } catch (const ApiError& error) {
    return error;
  }
  throw std::logic_error("no error came");
}

/// The error for an answer of these bytes to GET /jobs/7?x=1.
ApiError error_for(const std::string& bytes) {
  RecordingServer server([&](const Recorded&) { return bytes; });
  return error_of(server.url(), [](auto& connection) { connection.get("/jobs/7", Query().add("x", std::int64_t{1})); });
}

}  // namespace

TEST(NormalizedUrl, AcceptsTheAddressOfAServer) {
  EXPECT_EQ(normalized_url(" http://h:8080/torc-service/v1/ "), "http://h:8080/torc-service/v1");
  EXPECT_EQ(normalized_url("https://h/proxy/torc-service/v1"), "https://h/proxy/torc-service/v1");
  EXPECT_EQ(normalized_url("http://h:8080"), "http://h:8080/torc-service/v1");
  EXPECT_EQ(normalized_url("HTTP://[::1]:1/"), "HTTP://[::1]:1/torc-service/v1");
}

TEST(NormalizedUrl, RefusesInvalidUrls) {
  for (const char* text :
       {"", "h:8080", "ftp://h/x", "http://", "http:///x", "http://h/a b", "http://h/?x=1", "file:///x"}) {
    EXPECT_THROW(normalized_url(text), UsageError) << text;
  }
}

TEST(RestErrors, HaveTheServersMessage) {
  const auto kind =
      error_for(answer(R"({"error": {"error": "NotFound", "message": "Job not found with ID: 7"}})", 404));
  EXPECT_STREQ(kind.what(), "Job not found with ID: 7 (GET /jobs/7)");
  EXPECT_EQ(kind.status(), 404);
  EXPECT_EQ(kind.kind(), "NotFound");
  EXPECT_FALSE(kind.unreachable());

  const auto plain_error = error_for(answer(R"({"error": {"message": "priority must be >= 0"}})", 422));
  EXPECT_STREQ(plain_error.what(), "priority must be >= 0 (GET /jobs/7)");
  EXPECT_EQ(plain_error.kind(), "");

  EXPECT_STREQ(error_for(answer(R"({"error": "no"})", 400)).what(), "no (GET /jobs/7)");
  EXPECT_STREQ(error_for(answer("bad body: x\nmore", 422, "text/plain")).what(), "bad body: x (GET /jobs/7)");
}

TEST(RestErrors, HaveAMessageIfTheServerSendsNone) {
  EXPECT_STREQ(error_for(answer("", 500)).what(), "the server answered HTTP 500 (GET /jobs/7)");
  EXPECT_STREQ(error_for(answer("<html>long page</html>", 502, "text/html")).what(),
               "the server answered HTTP 502 (GET /jobs/7)");
  EXPECT_NE(std::string(error_for(answer("", 401)).what()).find("TORC_PASSWORD"), std::string::npos);
  EXPECT_NE(std::string(error_for(answer("", 302)).what()).find("--url"), std::string::npos);
  EXPECT_NE(std::string(error_for(answer("[1, 2", 200)).what()).find("does not look like"), std::string::npos);
}

TEST(RestConnection, ReportsAnUnreachableServer) {
  const std::string url = "http://127.0.0.1:" + std::to_string(torc::support::unused_port()) + "/torc-service/v1";
  const auto started = std::chrono::steady_clock::now();

  const auto error = error_of(url, [](auto& connection) { connection.post("/jobs"); });

  EXPECT_TRUE(error.unreachable());
  EXPECT_EQ(std::string(error.what()), "cannot reach the server at " + url +
                                           ": connection refused. Is it running? Start one with 'torc server run', or "
                                           "set its address with --url or TORC_API_URL");
  const auto took = std::chrono::steady_clock::now() - started;
  EXPECT_GT(took, std::chrono::milliseconds(500)) << "it was tried only once";
  EXPECT_LT(took, std::chrono::seconds(2));
}

TEST(RestConnection, DoesNotShowThePasswordOfAUrl) {
  const std::string port = std::to_string(torc::support::unused_port());

  const auto error = error_of("http://u:secret@127.0.0.1:" + port, [](auto& connection) { connection.get("/ping"); });

  EXPECT_EQ(std::string(error.what()).find("secret"), std::string::npos) << error.what();
  EXPECT_NE(std::string(error.what()).find("http://127.0.0.1:" + port), std::string::npos) << error.what();
}

TEST(RestConnection, RepeatsSafeRequests) {
  std::atomic<int> times{0};
  RecordingServer server([&](const Recorded&) { return ++times < 3 ? std::string() : answer("{\"a\": 1}"); });
  RestConnection connection(connection_to(server.url()));

  EXPECT_EQ(connection.get("/x").at("a"), 1);
  EXPECT_EQ(times, 3);
}

TEST(RestConnection, NeverRepeatsAChangeThatMayHaveHappened) {
  RecordingServer server([](const Recorded&) { return std::string(); });

  for (const char* method : {"POST", "PUT", "DELETE"}) {
    const auto error = error_of(server.url(), [&](auto& connection) {
      method == std::string("POST")  ? connection.post("/x")
      : method == std::string("PUT") ? connection.put("/x")
                                     : connection.remove("/x");
    });
    EXPECT_TRUE(error.unreachable());
    EXPECT_NE(std::string(error.what()).find("no answer from the server"), std::string::npos) << error.what();
  }
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(RestConnection, FetchesEveryPage) {
  torc::support::RecordingServer server([](const Recorded& request) {
    const bool first = request.target.find("offset=0&") != std::string::npos;
    return answer(first ? R"({"items": [{"workflow_id": 1, "worker": "a"}], "total_count": 2, "has_more": true})"
                        : R"({"items": [{"workflow_id": 1, "worker": "b"}], "total_count": 2, "has_more": false})");
  });
  RestConnection connection(connection_to(server.url()));

  const auto page = connection.list<model::RemoteWorker>("/things", Query().add("k", true), Paging{});

  ASSERT_EQ(page.items.size(), 2U);
  EXPECT_EQ(page.items[1].worker, "b");
  EXPECT_EQ(page.total_count, 2);
  EXPECT_FALSE(page.has_more);
  EXPECT_EQ(server.requests()[0].target, "/torc-service/v1/things?k=true&offset=0&limit=100000");
  EXPECT_EQ(server.requests()[1].target, "/torc-service/v1/things?k=true&offset=1&limit=100000");
}

TEST(RestConnection, StopsAtTheRequestedLimit) {
  RecordingServer server([](const Recorded&) {
    return answer(R"({"items": [{"workflow_id": 1, "worker": "a"}, {"workflow_id": 1, "worker": "b"}],
                      "total_count": 9, "has_more": true})");
  });
  RestConnection connection(connection_to(server.url()));
  Paging paging;
  paging.offset = 4;
  paging.limit = 2;
  paging.sort_by = "name";
  paging.reverse_sort = true;

  const auto page = connection.list<model::RemoteWorker>("/things", {}, paging);

  EXPECT_EQ(page.items.size(), 2U);
  EXPECT_TRUE(page.has_more);
  ASSERT_EQ(server.requests().size(), 1U);
  EXPECT_EQ(server.requests()[0].target, "/torc-service/v1/things?sort_by=name&reverse_sort=true&offset=4&limit=2");
}

TEST(RestConnection, EndsAListOfEmptyPages) {
  RecordingServer server(
      [](const Recorded&) { return answer(R"({"items": [], "total_count": 9, "has_more": true})"); });
  RestConnection connection(connection_to(server.url()));

  EXPECT_TRUE(connection.list<model::RemoteWorker>("/things", {}, {}).items.empty());
}

namespace {

std::string page(std::int64_t offset, const std::string& items) {
  return answer("{\"items\": [" + items + "], \"offset\": " + std::to_string(offset) +
                ", \"total_count\": 999999999, \"has_more\": true}");
}

std::string worker_item(std::int64_t number) {
  return R"({"workflow_id": 1, "worker": "w)" + std::to_string(number) + "\"}";
}

ApiError listing_error(const std::function<std::string(std::int64_t)>& answer_to_call, const Paging& paging = {}) {
  std::atomic<std::int64_t> calls{0};
  RecordingServer server([&](const Recorded&) { return answer_to_call(calls++); });
  return error_of(server.url(),
                  [&](auto& connection) { connection.template list<model::RemoteWorker>("/things", {}, paging); });
}

}  // namespace

TEST(RestConnection, EndsAListThatDoesNotAdvance) {
  // The same page again, with any claimed offset; a page with another offset.
  using Lie = std::function<std::string(std::int64_t)>;
  for (const auto& lie :
       {Lie([](auto) { return page(0, worker_item(1)); }), Lie([](auto call) { return page(call, worker_item(1)); }),
        Lie([](auto call) { return page(call == 0 ? 0 : 7, worker_item(call)); })}) {
    const auto error = listing_error(lie);
    EXPECT_EQ(error.kind(), "UnexpectedAnswer");
    EXPECT_NE(std::string(error.what()).find("its list does not advance at item 1 (GET /things)"), std::string::npos)
        << error.what();
  }
}

TEST(RestConnection, EndsAListWithoutEnd) {
  const auto error = listing_error([](auto call) { return page(call, worker_item(call)); });
  EXPECT_NE(std::string(error.what()).find("its list has no end; 10001 items were sent"), std::string::npos)
      << error.what();
}

TEST(RestConnection, RefusesMoreItemsThanRequested) {
  Paging paging;
  paging.limit = 1;
  const auto error = listing_error([](auto) { return page(0, worker_item(1) + "," + worker_item(2)); }, paging);
  EXPECT_NE(std::string(error.what()).find("2 items were sent, 1 were requested"), std::string::npos) << error.what();
}

TEST(RestConnection, RefusesAnswersOfAnotherShape) {
  for (const std::string& body :
       {std::string(R"({"items": [{"id": "x", "name": 5, "status": []}], "total_count": "a", "has_more": 7})"),
        std::string(R"({"items": 5})"), std::string("[]"), std::string(5'000'000, '['), std::string("7")}) {
    const auto error = listing_error([&](auto) { return answer(body); });
    EXPECT_EQ(error.kind(), "UnexpectedAnswer") << body.substr(0, 100);
    EXPECT_LT(std::string(error.what()).size(), 1'000U);
  }
}

TEST(RestConnection, DoesNotFollowRedirects) {
  RecordingServer elsewhere([](const Recorded&) { return answer("{}"); });
  RecordingServer server([&](const Recorded&) {
    return "HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "/stolen\r\nContent-Length: 0\r\n\r\n";
  });
  auto connection = connection_to(server.url());
  connection.user = "me";
  connection.password = "secret";
  try {
    RestConnection(connection).get("/jobs/7");
    FAIL() << "no error";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 302);
  }
  EXPECT_TRUE(elsewhere.requests().empty());
}
