#include "torc/app/fleet/fleet.hpp"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/recording_reporter.hpp"
#include "support/temp_dir.hpp"
#include "torc/app/fleet/fleet_operations.hpp"
#include "torc/app/fleet/install_torc.hpp"
#include "torc/app/fleet/workers.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::app {
namespace {

/// Counts its calls; width 2.
class CountingTransport : public remote::Transport {
 public:
  proc::CommandResult run(const model::WorkerAddress& worker, const remote::ScriptCall&) override {
    const int now = ++m_now;
    most = std::max(most.load(), now);
    std::this_thread::yield();
    --m_now;
    return {.end = proc::CommandResult::End::exited, .out = worker.host};
  }
  proc::CommandResult fetch(const model::WorkerAddress&, const std::string&, const std::string&,
                            std::int64_t) override {
    return {};
  }
  proc::CommandResult send(const model::WorkerAddress&, const std::string&, const std::string&) override { return {}; }
  std::size_t width() const override { return 2; }

  std::atomic<int> most{0};

 private:
  std::atomic<int> m_now{0};
};

Fleet fleet_of(const std::vector<std::string>& names) {
  return {.workflow_id = 42, .workers = remote::make_workers(names)};
}

TEST(Fleet, HasAnOutcomeForEachWorkerInOrder) {
  const auto fleet = fleet_of({"c", "a", "e", "b", "d"});
  CountingTransport transport;
  const auto outcomes = for_each_worker(
      fleet, transport, [&](const remote::Worker& worker) { return transport.run(worker.address, {}).out; });
  ASSERT_EQ(outcomes.size(), 5U);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    EXPECT_EQ(outcomes[i].worker.stored, fleet.workers[i].stored);
    EXPECT_EQ(outcomes[i].result, fleet.workers[i].address.host);
  }
  EXPECT_LE(transport.most, 2);
  EXPECT_EQ(count_if(outcomes, [](const std::string& host) { return host < "c"; }), 2U);
}

TEST(Fleet, IsSelectedByPatterns) {
  auto workers = remote::make_workers({"gpu1", "alice@gpu2:2222", "cpu1"});
  workers[2].settings.groups = {"slow"};
  const auto names = [&](const std::vector<std::string>& patterns) {
    std::vector<std::string> chosen;
    for (const auto& worker : choose_workers(workers, patterns)) {
      chosen.push_back(worker.stored);
    }
    return base::join(chosen, " ");
  };
  EXPECT_EQ(names({}), "gpu1 alice@gpu2:2222 cpu1");
  EXPECT_EQ(names({"gpu*"}), "gpu1 alice@gpu2:2222");
  EXPECT_EQ(names({"alice@*"}), "alice@gpu2:2222");
  EXPECT_EQ(names({"@slow", "gpu1"}), "gpu1 cpu1");
  EXPECT_THROW(names({"gpu*", "x*"}), base::Error);
}

/// Replaces ssh by a local shell that records how many of them run at once. The host "down" is unreachable.
class FleetOperations : public testing::Test {
 public:
  /// As `main` does: writing to an ssh that ends at once must not raise SIGPIPE.
  static void SetUpTestSuite() { proc::prepare_signals_for_children(); }

 protected:
  FleetOperations() {
    std::filesystem::create_directories(m_dir / "running");
    std::filesystem::create_directories(m_dir / "home");
    const std::string dir = m_dir.path().string();
    std::ofstream(m_dir / "ssh") << "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done\n"
                                 << "if [ \"$2\" = down ]; then echo 'No route to host' >&2; exit 255; fi\n"
                                 << ": >'" << dir << "'/running/$$\nls '" << dir << "/running' | wc -l >>'" << dir
                                 << "/counts'\nsleep 0.05\nHOME='" << dir << "/home' sh -s\nstatus=$?\nrm '" << dir
                                 << "'/running/$$\nexit $status\n";
    std::filesystem::permissions(m_dir / "ssh", std::filesystem::perms::owner_all);
    m_ssh.ssh_program = (m_dir / "ssh").string();
    m_ssh.slots = std::make_shared<remote::SshSlots>(2);
  }

  int most() const {
    int most = 0;
    for (const auto& line : base::split_lines(base::read_file_or_empty((m_dir / "counts").string()))) {
      most = std::max(most, std::stoi(line));
    }
    return most;
  }

  support::TempDir m_dir;
  remote::SshOptions m_ssh{};
};

TEST_F(FleetOperations, RunAtMostAsManyProcessesAsSlots) {
  const auto fleet = fleet_of({"a", "b", "c", "d", "e", "f"});
  // Two operations at the same time, such as a watch and a start.
  std::jthread other([&] { exec_on_workers(fleet, {"true"}, m_ssh, {}); });
  const auto outcomes = exec_on_workers(fleet, {"echo hello"}, m_ssh, {});
  other.join();
  EXPECT_EQ(count_if(outcomes, [](const auto& each) { return each.output == "hello\n"; }), 6U);
  EXPECT_LE(most(), 2);
}

TEST_F(FleetOperations, ReportEachInstallation) {
  support::RecordingReporter reporter;
  const auto outcomes =
      install_torc({.server_id = "id", .workflow_id = 42}, fleet_of({"down", "down:23"}), {}, m_ssh, reporter, {});
  EXPECT_EQ(count_if(outcomes, [](const auto& each) { return each.ok; }), 0U);
  EXPECT_EQ(reporter.all<InstallBegun>().size(), 1U);
  const auto installed = reporter.all<WorkerInstalled>();
  ASSERT_EQ(installed.size(), 2U);
  EXPECT_EQ(installed[1].worker.stored, "down:23");
  EXPECT_EQ(installed[1].result.message, "No route to host");
  ASSERT_EQ(reporter.all<InstallEnded>().size(), 1U);
  EXPECT_EQ(reporter.all<InstallEnded>()[0].total, 2U);
}

}  // namespace
}  // namespace torc::app
