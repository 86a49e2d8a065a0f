#include "cli/logs/log_files.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"

namespace torc::cli {
namespace {

void write_lines(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

TEST(LogFiles, AreRecognizedByTheirNames) {
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
  std::filesystem::create_symlink("/etc/passwd", dir / "out/job_wf1_j2_r1_a1.e");
  const auto directory = base::open_directory(dir / "out");
  const auto found = log_files(directory.get(), 1);
  EXPECT_EQ(found.paths, (std::vector<std::string>{"job_runner_h_wf1_r1.log", "job_stdio/job_wf1_j1_r1_a1.o"}));
  EXPECT_EQ(found.skipped.text(), "link job_wf1_j2_r1_a1.e");
  int count = 0;
  base::ShortList skipped;
  for_each_log(
      directory.get(), std::nullopt, [&](const base::FoundFile&) { ++count; }, skipped);
  EXPECT_EQ(count, 4);
}

TEST(LogFiles, AtMostTenOfManyWorkflowsAreNamed) {
  WorkflowIds ids;
  ids.add(100);
  EXPECT_FALSE(ids.is_several());
  for (model::Id id = 50; id > 0; --id) {
    ids.add(id);
  }
  EXPECT_EQ(ids.text(), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...");
}

/// Findings in a text that is read in pieces of this size, as "kind:line:text".
std::vector<std::string> findings(const std::string& text, std::size_t piece) {
  TroubleReport report;
  TroubleFinder finder("f", report);
  for (std::size_t at = 0; at < text.size(); at += piece) {
    finder.add(std::string_view(text).substr(at, piece));
  }
  finder.finish();
  std::vector<std::string> result;
  for (const auto& [kind, found] : report.kinds()) {
    for (const auto& each : found.first) {
      result.push_back(kind + ":" + std::to_string(each.line) + ":" + each.text);
    }
  }
  return result;
}

TEST(LogFiles, AreSearchedForErrors) {
  const std::string text =
      "all is well\nMemoryError: Out of memory\nbash: line 1: foo: command not found\nValueError: bad";
  const std::vector<std::string> expected{"command not found:3:bash: line 1: foo: command not found",
                                          "error:4:ValueError: bad", "out of memory:2:MemoryError: Out of memory"};
  for (const std::size_t piece : {1U, 7U, 1'000U}) {
    EXPECT_EQ(findings(text, piece), expected) << piece;
  }
}

TEST(LogFiles, OfLongLinesTheBeginningIsLookedAt) {
  const auto found = findings(std::string(50'000, 'x') + " error " + std::string(9'000'000, 'y') + " error\nerror 2\n" +
                                  std::string(70'000, 'z') + "error\n",
                              65'536);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].size(), std::string("error:1:").size() + 2'000);
  EXPECT_NE(found[0].find("xxx error yyy"), std::string::npos);
  EXPECT_EQ(found[1], "error:2:error 2");
}

TEST(LogFiles, OfManyFindingsTheFirstAreKept) {
  TroubleReport report;
  for (const auto* file : {"b", "a"}) {
    for (std::int64_t line = 100'000; line > 0; --line) {
      report.add("error", {.file = file, .line = line, .text = "error " + std::to_string(line)});
    }
  }
  const auto& found = report.kinds().at("error");
  EXPECT_EQ(found.count, 200'000U);
  ASSERT_EQ(found.first.size(), 20U);
  EXPECT_EQ(found.first.begin()->file, "a");
  EXPECT_EQ(found.first.rbegin()->line, 20);
}

TEST(LogFiles, HolesAreNotRead) {
  const support::TempDir dir;
  write_lines(dir / "f", "error at the start\n");
  std::filesystem::resize_file(dir / "f", std::uintmax_t{1} << 43U);
  const auto opened = base::open_beneath(base::open_directory(dir.path()).get(), "f");
  ASSERT_TRUE(opened.file);
  TroubleReport report;
  TroubleFinder finder("f", report);
  find_trouble(opened.file.get(), finder);
  EXPECT_EQ(report.kinds().at("error").count, 1U);
}

}  // namespace
}  // namespace torc::cli
