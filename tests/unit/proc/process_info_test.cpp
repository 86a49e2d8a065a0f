#include "torc/proc/process_info.hpp"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

bool holds(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

/// Makes this process a subreaper during a test.
class Subreaper {
 public:
  Subreaper() { become_subreaper(); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
};

TEST(StartTicks, DistinguishProcessesWithTheSamePid) {
  const auto own = start_ticks(::getpid());
  ASSERT_TRUE(own);
  EXPECT_EQ(start_ticks(::getpid()), own) << "it must not change";
  pid_t pid = -1;
  {
    const Child child = Child::spawn({.argv = {"sleep", "60"}});
    pid = child.pid();
    ASSERT_TRUE(start_ticks(pid));
    EXPECT_GE(*start_ticks(pid), *own);
  }
  EXPECT_EQ(start_ticks(pid), std::nullopt);
  EXPECT_EQ(start_ticks(-1), std::nullopt);
}

TEST(StartTicks, AreReadAfterAnyProgramName) {
  const auto directory = std::filesystem::temp_directory_path() / ("torc-name-" + std::to_string(::getpid()));
  std::filesystem::create_directory(directory);
  const auto program = directory / "a ) R 1 (b";
  std::filesystem::copy_file("/bin/sleep", program);
  {
    const Child child = Child::spawn({.argv = {program, "60"}});
    ASSERT_TRUE(start_ticks(child.pid()));
    EXPECT_GE(*start_ticks(child.pid()), *start_ticks(::getpid()));
    EXPECT_TRUE(holds(descendants(::getpid()), child.pid()));
  }
  std::filesystem::remove_all(directory);
}

TEST(Machine, HasABootIdAndAName) {
  EXPECT_EQ(boot_id().size(), 36U);
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_FALSE(host_name().empty());
}

TEST(Descendants, IncludeADaemonInItsOwnSession) {
  const Subreaper subreaper;
  std::string directory = "/tmp/torc-proc-XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string pid_file = directory + "/pid";
  Child child = Child::spawn({.argv = {"sh", "-c", TORC_HELPER_DAEMONIZE " " + pid_file + " ignore-term"},
                              .env = std::vector<std::string>{"PATH=/usr/bin:/bin", "MARK=here"},
                              .new_session = true});
  EXPECT_TRUE(child.wait().ok());
  ASSERT_TRUE(wait_until([&] { return std::filesystem::exists(pid_file); }));
  const auto daemon = static_cast<pid_t>(*base::parse_int(base::trim(base::read_file(pid_file))));

  EXPECT_TRUE(holds(descendants(::getpid()), daemon));
  EXPECT_TRUE(holds(children_of_this_process(), daemon));
  const auto environment = environment_of(daemon);
  EXPECT_EQ(std::count(environment.begin(), environment.end(), "MARK=here"), 1);
  EXPECT_FALSE(reap_orphan(daemon)) << "it is still alive";

  signal_descendants(::getpid(), SIGTERM);  // The daemon ignores it.
  signal_descendants(::getpid(), SIGKILL);
  EXPECT_TRUE(wait_until([&] { return reap_orphan(daemon); }));
  EXPECT_FALSE(holds(descendants(::getpid()), daemon));
  EXPECT_TRUE(environment_of(daemon).empty());
  std::filesystem::remove_all(directory);
}

TEST(AllProcesses, IncludeSessionsAndZombies) {
  Child child = Child::spawn({.argv = {"true"}, .new_session = true});
  pollfd ended{child.end_fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&ended, 1, 10'000), 1);
  const auto all = all_processes();
  const auto entry = std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.pid == child.pid(); });
  ASSERT_NE(entry, all.end());
  EXPECT_EQ(entry->parent, ::getpid());
  EXPECT_EQ(entry->session, child.pid());
  EXPECT_TRUE(entry->zombie);
}

}  // namespace
}  // namespace torc::proc
