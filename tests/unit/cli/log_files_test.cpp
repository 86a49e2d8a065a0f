#include "cli/log_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace torc::cli {
namespace {

void write_lines(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(LogFiles, AreToldByTheirNames) {
  EXPECT_EQ(workflow_of_log("job_wf42_j1_r1_a1.o"), 42);
  EXPECT_EQ(workflow_of_log("job_runner_my_wfs_wf7_r1.log"), 7);
  EXPECT_EQ(workflow_of_log("torc_worker_9_ws1.log"), 9);
  EXPECT_EQ(workflow_of_log("resource_metrics_h_1_1.db"), std::nullopt);
  EXPECT_EQ(workflow_of_log("job_wf"), std::nullopt);
}

TEST(LogFiles, AreFoundBelowADirectory) {
  const support::TempDir dir;
  write_lines(dir / "out/job_stdio/job_wf1_j1_r1_a1.o", "");
  write_lines(dir / "out/job_stdio/job_wf2_j9_r1_a1.o", "");
  write_lines(dir / "out/job_runner_h_wf1_r1.log", "");
  write_lines(dir / "out/data.csv", "");
  EXPECT_EQ(log_files(dir / "out", 1), (std::vector<std::filesystem::path>{dir / "out/job_runner_h_wf1_r1.log",
                                                                           dir / "out/job_stdio/job_wf1_j1_r1_a1.o"}));
  EXPECT_EQ(log_files(dir / "out", std::nullopt).size(), 3U);
  EXPECT_TRUE(log_files(dir / "nowhere", 1).empty());
}

TEST(LogFiles, TellOfTrouble) {
  const support::TempDir dir;
  write_lines(dir / "job_wf1_j1_r1_a1.e",
              "all is well\nMemoryError: Out of memory\nbash: line 1: foo: command not found\nValueError: bad\n" +
                  std::string(100'000, 'x') + "error\n");
  const auto findings = find_trouble(dir / "job_wf1_j1_r1_a1.e");
  ASSERT_EQ(findings.size(), 3U);
  EXPECT_EQ(findings[0].kind, "out of memory");
  EXPECT_EQ(findings[0].line, 2);
  EXPECT_EQ(findings[1].kind, "command not found");
  EXPECT_EQ(findings[2].kind, "error");
  EXPECT_EQ(findings[2].text, "ValueError: bad");
}

}  // namespace
}  // namespace torc::cli
