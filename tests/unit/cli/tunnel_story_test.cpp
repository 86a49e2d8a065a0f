#include "cli/print/tunnel_story.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

using remote::Forward;
using remote::TunnelNote;

/// Standard output and error on a full disk, while it lives.
class FullDisk {
 public:
  FullDisk() : m_out(::dup(STDOUT_FILENO)), m_err(::dup(STDERR_FILENO)) {
    const base::Fd full = base::open_file("/dev/full", O_WRONLY);
    ::dup2(full.get(), STDOUT_FILENO);
    ::dup2(full.get(), STDERR_FILENO);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  ~FullDisk() {
    ::dup2(m_out.get(), STDOUT_FILENO);
    ::dup2(m_err.get(), STDERR_FILENO);
  }

 private:
  base::Fd m_out;
  base::Fd m_err;
};

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

class TunnelStoryTest : public testing::Test {
 protected:
  TunnelStoryTest() { m_place.make(); }
  ~TunnelStoryTest() override { ::unsetenv("XDG_STATE_HOME"); }

  TunnelStory story(const Output& output, bool in_background = false) {
    return {output, in_background, m_place, TunnelNote::of_this_process({.host = "127.0.0.1", .port = 8080})};
  }
  TunnelNote note() const { return m_place.note().value_or(TunnelNote{}); }

  support::TempDir m_dir;
  remote::TunnelPlace m_place{place_in(m_dir.path())};
  const Output m_text{false};
  const Output m_json{true};
};

using Ports = std::map<std::string, int>;
using Reasons = std::map<std::string, std::string>;

TEST_F(TunnelStoryTest, TheNoteTellsOtherCommands) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto told = story(m_text);
  EXPECT_EQ(note().state(), TunnelNote::State::running);
  EXPECT_TRUE(note().ports.empty());
  told.changed(up("ws1", 20'001));
  told.changed(up("ws2", 20'002));
  EXPECT_EQ(note().ports, (Ports{{"alice@ws1", 20'001}, {"alice@ws2", 20'002}}));
  EXPECT_TRUE(note().down.empty());
  told.changed(down("ws1", "Connection refused"));
  EXPECT_EQ(note().down, (Reasons{{"ws1", "Connection refused"}}));
  EXPECT_EQ(note().ports.at("alice@ws1"), 20'001) << "its runner looks for the server there";
  told.changed(up("ws1", 20'003));
  EXPECT_TRUE(note().down.empty());
  EXPECT_EQ(note().ports.at("alice@ws1"), 20'003);

  told.changed(down("ws2", "Connection refused"));
  told.ended("signal 15", false);
  EXPECT_EQ(note().ended, "signal 15");
  EXPECT_FALSE(note().over);
  EXPECT_EQ(note().state(), TunnelNote::State::died);
  EXPECT_TRUE(note().down.empty()) << "none has a forward, which is no news of one worker";
  EXPECT_EQ(note().ports.size(), 2U) << "the next one makes them there again";
  told.ended("no worker needs it", true);
  EXPECT_EQ(note().ended, "no worker needs it");
  EXPECT_EQ(note().state(), TunnelNote::State::over);
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
}

/// One of each kind.
void tell_all(TunnelStory& told) {
  told.line("Tunnels:");
  told.changed(up("ws1", 20'001));
  told.changed(down("ws1", "Connection refused"));
  told.say("it goes on");
  told.ended("signal 2", false);
}

TEST_F(TunnelStoryTest, PeopleReadLines) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto told = story(m_text);
  tell_all(told);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "Tunnels:\n"
            "  [UP] ws1: 127.0.0.1:20001 leads to 127.0.0.1:8080\n"
            "  [DOWN] ws1: Connection refused; trying again\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "it goes on\nThe tunnel ends: signal 2\n");
}

TEST_F(TunnelStoryTest, ProgramsReadALineForEachChange) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto told = story(m_json);
  tell_all(told);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  const auto lines = base::split_lines(testing::internal::GetCapturedStdout());
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(nlohmann::json::parse(lines[0]),
            (nlohmann::json{{"worker", "alice@ws1"}, {"up", true}, {"port", 20'001}, {"message", ""}}));
  EXPECT_EQ(
      nlohmann::json::parse(lines[1]),
      (nlohmann::json{{"worker", "alice@ws1"}, {"up", false}, {"port", 20'001}, {"message", "Connection refused"}}));
}

TEST_F(TunnelStoryTest, OneInTheBackgroundPrintsNothing) {
  testing::internal::CaptureStdout();
  for (const auto* output : {&m_text, &m_json}) {
    auto told = story(*output, true);
    told.line("Tunnels:");
    told.changed(up("ws1", 20'001));
    told.say("it goes on");
    told.ended("signal 2", false);
    EXPECT_EQ(note().ended, "signal 2");
  }
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(TunnelStoryTest, OutputThatCannotBeWrittenEndsNothing) {
  for (const auto* output : {&m_text, &m_json}) {
    auto told = story(*output);
    {
      const FullDisk disk;
      EXPECT_NO_THROW(told.line("Tunnels:"));
      EXPECT_NO_THROW(told.say("it goes on"));
      EXPECT_NO_THROW(told.changed(up("ws1", 20'001)));
      EXPECT_NO_THROW(told.changed(down("ws2", "Connection refused")));
    }
    EXPECT_EQ(note().ports, (Ports{{"alice@ws1", 20'001}}));
    EXPECT_EQ(note().down, (Reasons{{"ws2", "Connection refused"}}));
    {
      const FullDisk disk;
      EXPECT_NO_THROW(told.ended("signal 15", true));
    }
    EXPECT_EQ(note().ended, "signal 15");
    EXPECT_TRUE(note().over);
    EXPECT_THROW(output->check(), base::Error) << "the command fails at its end";
  }
}

TEST_F(TunnelStoryTest, ANoteThatCannotBeWrittenEndsNothing) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  auto told = story(m_text);
  std::filesystem::remove_all(m_place.directory());
  EXPECT_NO_THROW(told.changed(up("ws1", 20'001)));
  EXPECT_NE(testing::internal::GetCapturedStdout().find("[UP] ws1"), std::string::npos);
  m_place.make();
  testing::internal::CaptureStdout();
  told.changed(up("ws2", 20'002));
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(note().ports, (Ports{{"alice@ws1", 20'001}, {"alice@ws2", 20'002}})) << "what was missed is made up for";
  std::filesystem::remove_all(m_place.directory());
  EXPECT_NO_THROW(told.ended("signal 15", true));
  EXPECT_THROW(story(m_text), base::SystemError) << "one that nobody could find is not begun";
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace torc::cli
