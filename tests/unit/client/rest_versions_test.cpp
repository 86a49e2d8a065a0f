#include <gtest/gtest.h>

#include "support/canned_server.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/client/rest_api.hpp"

using namespace torc;
using torc::support::Answers;
using torc::support::CannedServer;

namespace {

std::unique_ptr<client::Api> api_of(const CannedServer& server, bool skip_version_check = false) {
  client::Connection connection;
  connection.url = server.url();
  connection.skip_version_check = skip_version_check;
  return client::make_rest_api(connection);
}

constexpr const char* k_other = R"({"version": "9.0.0", "api_version": "1.0.0"})";
constexpr const char* k_ours = R"({"version": "0.23.0", "api_version": "0.99.1", "server_id": "abc-1",
                                   "capabilities": ["claim_wait", "of_a_newer_server"]})";

}  // namespace

TEST(RestVersions, AnotherMajorVersionIsRefusedBeforeAnyOtherCall) {
  CannedServer server(Answers{{"POST /workflows/1/reset_status", "{}"}}, k_other);
  const auto api = api_of(server);

  for (int i = 0; i < 2; ++i) {
    try {
      api->reset_workflow_status(1, false);
      FAIL() << "not refused";
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find("speaks version 1.0.0 of the interface, this program 0.12.0"),
                std::string::npos)
          << error.what();
    }
  }
  // Claims check the capabilities first, and must be refused as well.
  EXPECT_THROW(api->claim_next_jobs(1, 1, {.compute_node_id = 1}), base::Error);
  EXPECT_TRUE(server.log().empty());
}

TEST(RestVersions, TheCheckCanBeSkipped) {
  CannedServer server(Answers{{"POST /workflows/1/reset_status", "{}"}}, k_other);

  api_of(server, true)->reset_workflow_status(1, false);

  EXPECT_EQ(server.log().size(), 1U);
}

TEST(RestVersions, AnyServerMayBePinged) {
  CannedServer server(Answers{{"GET /ping", R"({"status": "ok"})"}}, k_other);

  EXPECT_NO_THROW(api_of(server)->ping());
}

TEST(RestVersions, ServerReportsItsIdAndCapabilities) {
  CannedServer server(Answers{}, k_ours);
  const auto api = api_of(server);

  EXPECT_EQ(api->version().version, "0.23.0");
  EXPECT_EQ(api->server_id(), "abc-1");
  EXPECT_TRUE(api->has_capability(model::Capability::claim_wait));
  EXPECT_FALSE(api->has_capability(model::Capability::claim_start));
}

TEST(RestVersions, AServerWithoutAnIdIsKnownByItsUrl) {
  CannedServer server(Answers{});
  const auto api = api_of(server);

  EXPECT_EQ(api->server_id(), base::to_hex(base::hash64(server.url()), 16));
  EXPECT_EQ(api->server_id().size(), 16U);
  EXPECT_FALSE(api->has_capability(model::Capability::claim_compute_node_id));
}

TEST(RestVersions, OtherServersAreReported) {
  support::RecordingServer server([](const support::Recorded&) { return support::answer("<html>", 200, "text/html"); });
  client::Connection connection;
  connection.url = server.url();

  try {
    client::make_rest_api(connection)->get_job(1);
    FAIL() << "accepted";
  } catch (const base::ApiError& error) {
    EXPECT_NE(std::string(error.what()).find("does not look like that of a torc server"), std::string::npos);
  }
}
