#include "torc/base/log.hpp"

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

class Log : public ::testing::Test {
 protected:
  void TearDown() override { log_start(LogLevel::warning); }

  support::TempDir m_dir;
};

TEST_F(Log, ParsesLevels) {
  EXPECT_EQ(log_level_from("trace"), LogLevel::trace);
  EXPECT_EQ(log_level_from("DEBUG"), LogLevel::debug);
  EXPECT_EQ(log_level_from("info"), LogLevel::info);
  EXPECT_EQ(log_level_from("warn"), LogLevel::warning);
  EXPECT_EQ(log_level_from("warning"), LogLevel::warning);
  EXPECT_EQ(log_level_from(" error "), LogLevel::error);
  EXPECT_EQ(log_level_from("off"), LogLevel::off);
  EXPECT_EQ(log_level_from("torc=loud"), LogLevel::info);
}

TEST_F(Log, WritesFromItsLevelOn) {
  const auto path = (m_dir / "torc.log").string();
  ::testing::internal::CaptureStderr();
  log_start(LogLevel::info, path);
  log_debug("too {}", "detailed");
  log_info("claimed {} jobs", 3);
  log_error("lost {{}} {}", "ws1");
  const std::string shown = ::testing::internal::GetCapturedStderr();
  const std::string kept = read_file(path);
  EXPECT_EQ(shown, kept);
  EXPECT_EQ(kept.find("detailed"), std::string::npos);
  EXPECT_NE(kept.find("info claimed 3 jobs\n"), std::string::npos) << kept;
  EXPECT_NE(kept.find("error lost {} ws1\n"), std::string::npos) << kept;
  EXPECT_TRUE(log_enabled(LogLevel::warning));
  EXPECT_FALSE(log_enabled(LogLevel::debug));
}

TEST_F(Log, KeepsBracesInMessages) {
  ::testing::internal::CaptureStderr();
  log_write(LogLevel::error, "{not a format} {}");
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("{not a format} {}"), std::string::npos);
}

TEST_F(Log, RotatesFilesAndKeepsSomeOldOnes) {
  const auto directory = m_dir / "logs";
  std::filesystem::create_directory(directory);
  log_start(LogSettings{.level = LogLevel::info, .file = (directory / "torc-server.log").string()});
  const std::string line(1024 * 1024, 'x');
  const std::size_t lines = (k_log_files + 2) * (k_log_file_bytes / line.size());
  for (std::size_t i = 0; i < lines; ++i) {
    log_info("{}", line);
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator{directory}) {
    ++files;
    EXPECT_LE(entry.file_size(), k_log_file_bytes);
  }
  EXPECT_EQ(files, k_log_files + 1);
  EXPECT_TRUE(std::filesystem::exists(directory / "torc-server.log"));
  EXPECT_TRUE(std::filesystem::exists(directory / "torc-server.1.log"));
}

TEST_F(Log, WritesOneJsonObjectPerLine) {
  log_start(LogSettings{.level = LogLevel::info, .file = (m_dir / "torc-server.log").string(), .json = true});
  log_warning("a \"quoted\"\nline \xff");
  const auto line = nlohmann::json::parse(read_file(m_dir / "torc-server.log"));
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("message"), "a \"quoted\" | line \\xff");
  EXPECT_TRUE(line.contains("time"));
  EXPECT_TRUE(line.contains("pid"));
}

TEST_F(Log, NamesAFileThatItCannotOpen) {
  try {
    log_start(LogLevel::info, m_dir.path().string());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(m_dir.path().string()), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace torc::base
