#include "app/tunnel/tunnel_record.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "support/recording_reporter.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"

namespace torc::app {
namespace {

using remote::Forward;
using remote::TunnelInfo;

Forward up(const std::string& name, int port) {
  return {.worker = "alice@" + name, .name = name, .port = port, .up = true};
}

Forward down(const std::string& name, const std::string& error) {
  return {.worker = "alice@" + name, .name = name, .port = 20'001, .error = error};
}

remote::TunnelPlace place_in(const std::filesystem::path& state_home) {
  ::setenv("XDG_STATE_HOME", state_home.c_str(), 1);
  return remote::TunnelPlace({.server_id = "id", .workflow_id = 42});
}

class TunnelRecordTest : public testing::Test {
 protected:
  TunnelRecordTest() { m_place.make(); }
  ~TunnelRecordTest() override { ::unsetenv("XDG_STATE_HOME"); }

  TunnelRecord record() {
    return {m_reporter, m_place, TunnelInfo::of_this_process({.host = "127.0.0.1", .port = 8080})};
  }
  TunnelInfo info() const { return m_place.info().value_or(TunnelInfo{}); }

  support::TempDir m_dir;
  remote::TunnelPlace m_place{place_in(m_dir.path())};
  support::RecordingReporter m_reporter;
};

using Ports = std::map<std::string, int>;
using Reasons = std::map<std::string, std::string>;

TEST_F(TunnelRecordTest, OtherCommandsCanReadIt) {
  auto kept = record();
  EXPECT_EQ(info().state(), TunnelInfo::State::running);
  EXPECT_TRUE(info().ports.empty());
  kept.record_change(up("ws1", 20'001));
  kept.record_change(up("ws2", 20'002));
  EXPECT_EQ(info().ports, (Ports{{"alice@ws1", 20'001}, {"alice@ws2", 20'002}}));
  EXPECT_TRUE(info().down.empty());
  kept.record_change(down("ws1", "Connection refused"));
  EXPECT_EQ(info().down, (Reasons{{"ws1", "Connection refused"}}));
  EXPECT_EQ(info().ports.at("alice@ws1"), 20'001) << "its runner still uses this port";
  kept.record_change(up("ws1", 20'003));
  EXPECT_TRUE(info().down.empty());
  EXPECT_EQ(info().ports.at("alice@ws1"), 20'003);

  kept.record_change(down("ws2", "Connection refused"));
  kept.record_end("signal 15", false);
  EXPECT_EQ(info().ended, "signal 15");
  EXPECT_FALSE(info().over);
  EXPECT_EQ(info().state(), TunnelInfo::State::died);
  EXPECT_TRUE(info().down.empty()) << "after the end no worker has a forward, so none is listed";
  EXPECT_EQ(info().ports.size(), 2U) << "the next tunnel uses the same ports";
  kept.record_end("no worker needs it", true);
  EXPECT_EQ(info().ended, "no worker needs it");
  EXPECT_EQ(info().state(), TunnelInfo::State::over);
}

TEST_F(TunnelRecordTest, EachChangeIsReported) {
  auto kept = record();
  kept.record_change(up("ws1", 20'001));
  kept.record_change(down("ws1", "Connection refused"));
  kept.record_end("signal 2", false);
  const auto changes = m_reporter.all<ForwardChanged>();
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_TRUE(changes[0].forward.up);
  EXPECT_EQ(changes[0].target, "127.0.0.1:8080");
  EXPECT_EQ(changes[1].forward.error, "Connection refused");
  ASSERT_EQ(m_reporter.all<TunnelEnded>().size(), 1U);
  EXPECT_EQ(m_reporter.all<TunnelEnded>()[0].why, "signal 2");
}

TEST_F(TunnelRecordTest, AFailureToWriteItDoesNotEndTheTunnel) {
  auto kept = record();
  std::filesystem::remove_all(m_place.directory());
  EXPECT_NO_THROW(kept.record_change(up("ws1", 20'001)));
  EXPECT_EQ(m_reporter.all<ForwardChanged>().size(), 1U);
  m_place.make();
  kept.record_change(up("ws2", 20'002));
  EXPECT_EQ(info().ports, (Ports{{"alice@ws1", 20'001}, {"alice@ws2", 20'002}})) << "a later write must catch up";
  std::filesystem::remove_all(m_place.directory());
  EXPECT_NO_THROW(kept.record_end("signal 15", true));
  EXPECT_THROW(record(), base::SystemError) << "a tunnel without a record must not start";
}

}  // namespace
}  // namespace torc::app
