// Workers that report impossible values, in every operation.

#include <functional>

#include <gtest/gtest.h>

#include "remote/logs/packing_report.hpp"
#include "support/temp_dir.hpp"
#include "torc/remote/exec.hpp"
#include "torc/remote/install.hpp"
#include "torc/remote/logs.hpp"
#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"
#include "torc/remote/stop.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// Returns `report` as the output of every script, also as its question.
class LyingTransport : public Transport {
 public:
  proc::CommandResult run(const model::WorkerAddress&, const ScriptCall& call) override {
    proc::CommandResult result{.end = proc::CommandResult::End::exited};
    result.out = "\n#torc-report\n" + report + "#torc-report-end\n";
    if (call.answer) {
      call.answer(result.out);
    }
    return result;
  }
  proc::CommandResult fetch(const model::WorkerAddress&, const std::string& remote_path, const std::string&,
                            std::int64_t) override {
    fetched = remote_path;
    return {};
  }
  proc::CommandResult send(const model::WorkerAddress&, const std::string&, const std::string& remote_path) override {
    sent = remote_path;
    return {};
  }

  std::size_t width() const override { return 10; }

  std::string report{};
  std::string fetched{};
  std::string sent{};
};

const Worker& worker() {
  static const Worker k_worker = make_workers({"ws1"}).front();
  return k_worker;
}

std::string packed(const std::string& name, const std::string& value) {
  std::string report;
  for (const auto& [key, good] :
       std::vector<std::pair<std::string, std::string>>{{"packed_in", "/tmp/torc_logs_a1B2c3"},
                                                        {"archive", "/tmp/torc_logs_a1B2c3/torc_logs_42_ws1.tar.gz"},
                                                        {"checksum", "4294967295"},
                                                        {"size", "100"},
                                                        {"inode", "7"},
                                                        {"changed", ""},
                                                        {"directory", "/home/me/torc_output"},
                                                        {"file", "6 ./job_stdio/job 1.o"}}) {
    report += key + "=" + (key == name ? value : good) + "\n";
  }
  return report;
}

TEST(Lies, AboutAnArchiveFetchNothing) {
  const support::TempDir local;
  LyingTransport transport;
  CollectSettings settings{.workflow = {.server_id = "s", .workflow_id = 42}, .local_dir = local.path().string()};
  struct Lie {
    const char* name;
    const char* value;
  };
  for (const Lie& lie : {Lie{"archive", "/etc/host*"},
                         Lie{"archive", "-oProxyCommand=touch x"},
                         Lie{"archive", "/etc"},
                         Lie{"archive", "/dev/zero"},
                         Lie{"archive", "/home/w1/x y$(touch x)`id`"},
                         Lie{"archive", ""},
                         Lie{"archive", "/tmp/torc_logs_a1B2c3/torc_logs_43_ws1.tar.gz"},
                         Lie{"packed_in", "/"},
                         Lie{"packed_in", "/home/me"},
                         Lie{"packed_in", "/tmp/../torc_logs_x"},
                         Lie{"packed_in", "/tmp/torc_logs_*"},
                         Lie{"packed_in", "/tmp/torc_logs_"},
                         Lie{"packed_in", "/tmp/torc_logs_$(id)"},
                         Lie{"checksum", "-1"},
                         Lie{"checksum", "4294967296"},
                         Lie{"checksum", ""},
                         Lie{"size", "0"},
                         Lie{"size", "-1"},
                         Lie{"size", "18446744073709551615"},
                         Lie{"size", "1e3"},
                         Lie{"inode", "x"},
                         Lie{"directory", "relative"},
                         Lie{"directory", ""},
                         Lie{"file", "-1 ./y"},
                         Lie{"file", "18446744073709551615 ./x"},
                         Lie{"file", "1"},
                         Lie{"file", "1 /etc/passwd"},
                         Lie{"file", "1 ./../x"},
                         Lie{"file", "1 ./a/.."}}) {
    transport.report = packed(lie.name, lie.value);
    for (const bool remove : {false, true}) {
      settings.remove = remove;
      const auto result = collect_logs(transport, {worker()}, settings).front();
      EXPECT_FALSE(result.ok) << lie.name << " " << lie.value;
      EXPECT_EQ(result.message, "the worker's report is not valid: " + std::string(lie.name) + " is '" + lie.value +
                                    "'" + (remove ? "; nothing was deleted on the worker" : ""));
      EXPECT_EQ(transport.fetched, "");
      EXPECT_TRUE(std::filesystem::is_empty(local.path()));
    }
  }
  transport.report = packed("", "");
  collect_logs(transport, {worker()}, settings);
  EXPECT_EQ(transport.fetched, "/tmp/torc_logs_a1B2c3/torc_logs_42_ws1.tar.gz");
}

TEST(Lies, AboutAnArchiveThatDoesNotFitHereFetchNothing) {
  const support::TempDir local;
  LyingTransport transport;
  transport.report = packed("size", "9223372036854775807");
  const CollectSettings settings{.workflow = {.server_id = "s", .workflow_id = 42}, .local_dir = local.path().string()};
  const auto result = collect_logs(transport, {worker()}, settings).front();
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find(" free"), std::string::npos) << result.message;
  EXPECT_EQ(transport.fetched, "");
}

TEST(Lies, AboutARunnerAreNotAState) {
  LyingTransport transport;
  for (const char* lie :
       {"pid=99999999999999999999999\nload=0", "pid=-1\nload=1", "pid=1\nload=nan", "pid=1\nload=1e400"}) {
    transport.report = "found=1\nrunning=1\n" + std::string(lie) + "\n";
    const auto state = query_state(transport, worker(), {}, {});
    EXPECT_EQ(state.state, State::unreachable) << lie;
    EXPECT_TRUE(state.message.starts_with("the worker's report is not valid: ")) << state.message;
  }
}

TEST(Lies, AboutAStopAreNotAStop) {
  LyingTransport transport;
  const StopRequest request{.timeout = std::chrono::seconds(1)};
  const auto stop = [&] { return stop_workers(transport, {worker()}, request, [](const auto&) {}).front(); };
  transport.report = "found=state\nsignaled=-1\n";
  EXPECT_FALSE(stop().ok);
  EXPECT_EQ(stop().message, "the worker's report is not valid: signaled is '-1'");
  transport.report = "found=state\nsignaled=5\ngone=1\nended_given_back=1e9\n";
  EXPECT_FALSE(stop().ended);
  EXPECT_EQ(stop().message, "the worker's report is not valid: ended_given_back is '1e9'");
}

TEST(Lies, AboutTorcStartNothing) {
  LyingTransport transport;
  const auto start = [&](const std::string& report) {
    transport.report = report;
    return check_and_start(transport, {worker()}, {.version = "1"},
                           [](const auto& checks) { return std::vector<char>(1, checks.front().ok() ? 1 : 0); })
        .front();
  };
  EXPECT_EQ(start("torc=torc;id\nversion=torc 1\n").check.message,
            "the worker's report is not valid: torc is 'torc;id'");
  EXPECT_EQ(start("torc=/bin/torc\nversion=torc 1\nrunning=0\n").check.message,
            "the worker's report is not valid: running is '0'");
  const auto bad_pid = start("torc=/bin/torc\nversion=torc 1\nstarted=0\n");
  EXPECT_TRUE(bad_pid.tried);
  EXPECT_FALSE(bad_pid.start.ok);
  EXPECT_EQ(bad_pid.start.message, "the worker's report is not valid: started is '0'");
}

TEST(Lies, AboutAPlaceInstallNothing) {
  LyingTransport transport;
  for (const char* target : {"", "-r", "bin/torc", "/a/../torc", "/a\x1b/torc"}) {
    transport.report = "machine=m\ntarget=" + std::string(target) + "\nhas_torc=\n";
    const InstallSettings settings{.programs = {{.path = "/bin/true", .name = "true", .machine = "m"}}};
    const auto result = install_on_workers(transport, {worker()}, settings).front();
    EXPECT_FALSE(result.ok);
    EXPECT_TRUE(result.message.starts_with("the worker's report is not valid: target is '")) << result.message;
    EXPECT_EQ(transport.sent, "");
  }
}

}  // namespace
}  // namespace torc::remote
