#include "cli/print/watch_view.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace torc::cli {
namespace {

using app::WatchedWorker;
using app::WatchSnapshot;

WatchedWorker watched(const std::string& name, const std::string& state) {
  return {.name = name, .stored = "alice@" + name, .host = name, .state = state};
}

WatchSnapshot snapshot_of_three() {
  WatchSnapshot snapshot{.workflow_id = 42};
  snapshot.progress = {
      .total = 20, .done_before = 4, .done_here = 8, .running = 3, .failed = 1, .elapsed = std::chrono::seconds(4)};
  snapshot.workers = {watched("ws1", "running"), watched("ws2", "died"), watched("ws3", "")};
  snapshot.workers[0].pid = 123;
  snapshot.workers[0].running_jobs = 3;
  snapshot.workers[0].load = 1.5;
  snapshot.workers[0].heard_ago = std::chrono::milliseconds(2'400);
  snapshot.workers[1].message = "Killed";
  snapshot.workers[1].restarts = 2;
  snapshot.workers[1].restart_message = "cannot:\n  x";
  return snapshot;
}

TEST(WatchLines, ShowEachWorker) {
  const std::vector<std::string> expected{"Workflow 42: 12/20 jobs  3 running  1 failed  2.0/s  about 4 s left",
                                          "Host                 State              PID  Jobs   Load  Heartbeat",
                                          "ws1                  running            123     3   1.50    2 s ago",
                                          "ws2                  died                       0                    "
                                          "restarted 2 time(s)  Killed  cannot:   x",
                                          "ws3                  ?                          0                  "};
  const auto lines = watch_lines(snapshot_of_three(), 24);
  ASSERT_EQ(lines.size(), expected.size());
  EXPECT_EQ(lines[0], expected[0]);
  EXPECT_EQ(lines[1], expected[1]);
  EXPECT_NE(lines[2].find("123     3   1.50"), std::string::npos) << lines[2];
  EXPECT_TRUE(lines[3].ends_with("restarted 2 time(s)  Killed  cannot:   x")) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("ws3                  ?")) << lines[4];
}

TEST(WatchLines, BeginWithWorkersThatNeedAttentionIfNotAllFit) {
  auto snapshot = snapshot_of_three();
  for (int i = 0; i < 500; ++i) {
    snapshot.workers.insert(snapshot.workers.begin(), watched("w" + std::to_string(i), "running"));
  }
  const auto lines = watch_lines(snapshot, 10);
  ASSERT_EQ(lines.size(), 10U);
  EXPECT_TRUE(lines[2].starts_with("ws2 ")) << lines[2];
  EXPECT_EQ(lines[9], "... and 496 more");
}

TEST(WatchJson, HasWhatIsKnown) {
  const auto document = watch_json(snapshot_of_three());
  EXPECT_EQ(document["jobs"], (nlohmann::json{{"total", 20}, {"done", 12}, {"running", 3}, {"failed", 1}}));
  EXPECT_EQ(document["workers"][0], (nlohmann::json{{"worker", "alice@ws1"},
                                                    {"host", "ws1"},
                                                    {"ok", true},
                                                    {"running_jobs", 3},
                                                    {"restarts", 0},
                                                    {"state", "running"},
                                                    {"pid", 123},
                                                    {"load", 1.5},
                                                    {"heard_seconds_ago", 2.4}}));
  EXPECT_FALSE(document["workers"][1]["ok"]);
  EXPECT_EQ(document["workers"][1]["restarts"], 2);
  EXPECT_EQ(document["workers"][1]["restart_message"], "cannot:\n  x");
  EXPECT_FALSE(document["workers"][2].contains("state"));
}

TEST(WatchNews, AreTheChanges) {
  auto now = snapshot_of_three();
  EXPECT_EQ(watch_news(nullptr, now), (std::vector<std::string>{"ws1: running (PID 123)", "ws2: died: Killed"}));
  const auto before = now;
  EXPECT_TRUE(watch_news(&before, now).empty());
  now.workers[0].state = "silent";
  now.workers[2].state = "finished";
  EXPECT_EQ(watch_news(&before, now), (std::vector<std::string>{"ws1: silent", "ws3: finished"}));
}

}  // namespace
}  // namespace torc::cli
