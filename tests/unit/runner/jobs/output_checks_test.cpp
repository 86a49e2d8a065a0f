// Checks whether the declared outputs of jobs exist.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "runner/jobs/output_checks.hpp"
#include "runner_support.hpp"

namespace torc::runner {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::TempDir;
using testing::wait_until;

milliseconds no_timeout(const std::filesystem::path& /*path*/) {
  return milliseconds(0);
}

class OutputChecksTest : public ::testing::Test {
 protected:
  /// Waits for the result of one check.
  OutputChecks::Checked result_of(OutputChecks& checks) {
    std::vector<OutputChecks::Checked> done;
    EXPECT_TRUE(wait_until([&] {
      auto more = checks.take();
      done.insert(done.end(), more.begin(), more.end());
      return !done.empty();
    }));
    return done.empty() ? OutputChecks::Checked{} : done.front();
  }
  std::vector<std::string> reasons(const std::vector<DeclaredOutput>& outputs,
                                   const OutputChecks::TimeoutOf& timeout = no_timeout) {
    OutputChecks checks([] {}, timeout);
    checks.begin(outputs);
    std::vector<std::string> result;
    for (const auto& each : result_of(checks).missing) {
      result.push_back(each.output.name + " " + each.reason);
    }
    return result;
  }
  DeclaredOutput output(const std::string& name) const { return {.name = name, .path = directory.file(name)}; }
  void write(const std::string& name) const { std::ofstream(directory.file(name)) << "x"; }

  const TempDir directory;
};

TEST_F(OutputChecksTest, NamesWhatIsMissing) {
  write("there");
  std::filesystem::create_directory(directory.file("directory"));
  std::filesystem::create_symlink("nowhere", directory.file("dangling"));
  EXPECT_EQ(reasons({output("there"), output("directory"), output("absent"), output("dangling"),
                     output("no/such/place"), output("there/below")}),
            (std::vector<std::string>{"absent does not exist", "dangling does not exist",
                                      "no/such/place does not exist", "there/below does not exist"}));
  EXPECT_EQ(reasons({output("directory/")}), std::vector<std::string>());
  EXPECT_EQ(reasons({}), std::vector<std::string>());
}

TEST_F(OutputChecksTest, AcceptsFilesOfAnyAge) {
  write("old");
  std::filesystem::last_write_time(directory.file("old"), std::filesystem::file_time_type{});
  EXPECT_EQ(reasons({output("old")}), std::vector<std::string>());
}

TEST_F(OutputChecksTest, RepeatsChecksOnNetworkFileSystems) {
  std::atomic<bool> looked{false};
  const auto timeout = [&](const std::filesystem::path& /*path*/) {
    looked = true;  // The first check has found no file.
    return milliseconds(20'000);
  };
  OutputChecks checks([] {}, timeout);
  checks.begin({output("late")});
  ASSERT_TRUE(wait_until([&] { return looked.load(); }));
  EXPECT_TRUE(checks.take().empty());
  write("late");
  EXPECT_TRUE(result_of(checks).missing.empty());
}

TEST_F(OutputChecksTest, ARepeatedCheckDoesNotDelayOthers) {
  const auto timeout = [this](const std::filesystem::path& path) {
    return path == directory.file("late") ? milliseconds(60'000) : milliseconds(0);
  };
  OutputChecks checks([] {}, timeout);
  checks.begin({output("late")});
  write("there");
  const auto second = checks.begin({output("there")});
  EXPECT_EQ(result_of(checks).ticket, second);
}

TEST_F(OutputChecksTest, DoesNotWaitForAFileSystemThatHangs) {
  std::mutex mutex;
  std::condition_variable changed;
  bool hangs = false;
  bool may_continue = false;
  const auto began = std::chrono::steady_clock::now();
  {
    OutputChecks checks([] {},
                        [&](const std::filesystem::path& /*path*/) {
                          std::unique_lock lock(mutex);
                          hangs = true;
                          changed.notify_all();
                          changed.wait(lock, [&] { return may_continue; });
                          return milliseconds(0);
                        });
    checks.begin({output("absent")});
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return hangs; });
    EXPECT_TRUE(checks.take().empty());
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, seconds(20));
  // The thread was detached; let it end before the objects it uses are destroyed.
  std::unique_lock lock(mutex);
  may_continue = true;
  changed.notify_all();
  lock.unlock();
  EXPECT_TRUE(wait_until([] {
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      if (base::trim(base::read_file_or_empty((task.path() / "comm").string())) == "outputs") {
        return false;
      }
    }
    return true;
  }));
}

TEST_F(OutputChecksTest, KnowsLocalFileSystems) {
  EXPECT_EQ(OutputChecks::default_timeout("/dev/shm/no/such/file"), milliseconds(0));
  EXPECT_GT(OutputChecks::default_timeout("/proc/no_such_file"), milliseconds(0)) << "not a file system for jobs";
}

TEST_F(OutputChecksTest, DescribesMissingOutputs) {
  EXPECT_EQ(words_for({{.output = {.name = "a", .path = "out/a.txt"}, .reason = "does not exist"},
                       {.output = {.name = "b", .path = "b"}, .reason = "cannot be accessed: Permission denied"}}),
            "its output file 'a' (out/a.txt) does not exist; "
            "its output file 'b' (b) cannot be accessed: Permission denied");
}

}  // namespace
}  // namespace torc::runner
