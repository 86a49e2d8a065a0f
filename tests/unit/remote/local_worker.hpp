#pragma once

#include <signal.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

namespace fs = std::filesystem;

inline void write_text(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

inline void write_program(const fs::path& path, const std::string& text) {
  write_text(path, text);
  fs::permissions(path, fs::perms::owner_all);
}

/// Whether `condition` becomes true within a generous time.
template <typename Condition>
bool comes_true(Condition&& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// The worker's tools, as the end of a PATH: the system's directories, without a torc that is installed there.
inline std::string tools_path() {
  if (!fs::exists("/usr/bin/torc") && !fs::exists("/bin/torc")) {
    return ":/usr/bin:/bin";
  }
  static const support::TempDir links;
  static const bool made = [] {
    for (const char* directory : {"/usr/bin", "/bin"}) {
      for (const auto& entry : fs::directory_iterator(directory)) {
        const auto name = entry.path().filename();
        if (name != "torc" && !fs::is_symlink(links.path() / name)) {
          fs::create_symlink(entry.path(), links.path() / name);
        }
      }
    }
    return true;
  }();
  return made ? ":" + links.path().string() : "";
}

/// A worker without ssh: scripts run in a local shell, with a separate home directory.
class LocalTransport : public Transport {
 public:
  LocalTransport(fs::path home, std::string shell) : m_home(std::move(home)), m_shell(std::move(shell)) {
    fs::create_directories(m_home / "bin");
  }

  proc::CommandResult run(const model::WorkerAddress&, const ScriptCall& call) override {
    ++connections;
    proc::Command command;
    command.argv = prefix;
    const std::vector<std::string> session{"env", "-i", "HOME=" + m_home.string(),
                                           "PATH=" + (m_home / "bin").string() + path,
                                           "SHELL=" + m_home.string() + "/bin/login-shell"};
    command.argv.insert(command.argv.end(), session.begin(), session.end());
    command.argv.insert(command.argv.end(), variables.begin(), variables.end());
    command.argv.push_back(m_shell == "busybox" ? "busybox" : m_shell);
    if (m_shell == "busybox") {
      command.argv.emplace_back("sh");
    }
    command.argv.emplace_back("-s");
    command.input = noise + call.script;
    command.question = call.question;
    command.answer = call.answer;
    command.limit = limit;
    if (call.reports_progress) {
      command.progress_mark = k_progress_mark;
      command.longest = std::chrono::seconds(60);
    }
    auto result = proc::run_command(command);
    const std::scoped_lock lock(m_mutex);
    last = result;
    return result;
  }

  proc::CommandResult fetch(const model::WorkerAddress&, const std::string& remote_path, const std::string& local_path,
                            std::int64_t size) override {
    ++fetches;
    asked_size = size;
    proc::Command command;
    command.argv = {"cp", "--", remote_path, local_path};
    auto result = proc::run_command(command);
    if (damage) {
      spoil(local_path);
    }
    if (on_fetched) {
      on_fetched();
    }
    return result;
  }

  std::size_t width() const override { return slots; }

  proc::CommandResult send(const model::WorkerAddress&, const std::string& local_path,
                           const std::string& remote_path) override {
    ++sends;
    proc::Command command;
    command.argv = {"cp", "--", local_path, remote_path};
    auto result = proc::run_command(command);
    if (damage) {
      spoil(remote_path);
    }
    if (sent) {
      result = *sent;
    }
    return result;
  }

  const fs::path& home() const { return m_home; }

  std::size_t slots{10};
  std::atomic<int> connections{0};
  std::atomic<int> fetches{0};
  std::atomic<int> sends{0};
  std::atomic<std::int64_t> asked_size{0};    ///< Size given to the last fetch.
  std::string path{tools_path()};             ///< PATH of the session, after the home directory's bin.
  std::function<void()> on_fetched{};         ///< Called during the transfer of the archive.
  bool damage{false};                         ///< Damage transferred files.
  std::optional<proc::CommandResult> sent{};  ///< Result of sending, although the file has arrived.
  std::chrono::milliseconds limit{20'000};    ///< For a call; restarted at each report of progress.
  std::string noise{};                        ///< Shell lines that run before the script, like login files.
  std::vector<std::string> prefix{};          ///< Command that starts each session.
  std::vector<std::string> variables{};       ///< "NAME=value" for the session.
  proc::CommandResult last{};                 ///< Result of the last `run`.

 private:
  /// Changes a byte.
  static void spoil(const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    file.seekg(middle);
    const int before = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(before ^ 0x55));
  }

  std::mutex m_mutex{};
  fs::path m_home;
  std::string m_shell;
};

/// A fake torc for the scripts: it answers the probe; as a runner, it reports that it is ready, then waits for its end.
inline constexpr const char* k_fake_torc = R"sh(#!/bin/sh
case $1 in
  worker-probe) echo '{"torc_probe":1,"version":"0.23.0","build_id":"test","server":{"reached":true}}' ;;
  --version) echo 'torc 0.23.0' ;;
  run)
    printf '%s\n' "$@" >"$HOME/run_arguments"
    env >"$HOME/run_environment"
    echo started
    echo ready >&9
    exec 9>&-
    sleep 300 &
    echo $! >"$HOME/child"
    trap 'kill $!; exit 0' TERM
    wait
    ;;
esac
)sh";

/// Runs each test in every shell that workers may have.
class RemoteScripts : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    proc::Command probe;
    probe.argv = {GetParam(), "true"};
    if (std::string(GetParam()) != "busybox") {
      probe.argv = {GetParam(), "-c", "true"};
    }
    if (!proc::run_command(probe).ok()) {
      GTEST_SKIP() << GetParam() << " is not installed";
    }
    write_program(m_dir / "home/bin/torc", k_fake_torc);
  }

  /// Sessions find every program but this one.
  void hide(const std::string& name) {
    const auto tools = m_dir / "tools";
    fs::create_directory(tools);
    for (const auto& directory : base::split(transport.path, ':')) {
      std::error_code ignored;
      for (const auto& tool : fs::directory_iterator(directory, ignored)) {
        const auto link = tools / tool.path().filename();
        if (link.filename() != name && !fs::is_symlink(link)) {
          fs::create_symlink(tool.path(), link);
        }
      }
    }
    transport.path = ":" + tools.string();
  }

  void TearDown() override {
    for (const auto& entry : fs::recursive_directory_iterator(m_dir.path())) {
      if (entry.path().filename() == "worker") {
        const auto text = base::read_file(entry.path());
        const pid_t pid = std::stoi(text.substr(text.find('=') + 1));
        if (pid > 1 && ::getsid(pid) == pid && text.find("boot_id=" + proc::boot_id()) != std::string::npos) {
          ::kill(-pid, SIGKILL);
        }
      }
    }
  }

  fs::path state_directory() const { return transport.home() / ".local/state/torc/server-1/42/ws1"; }

  support::TempDir m_dir;

 public:
  LocalTransport transport{m_dir / "home", GetParam()};
  Worker worker{make_workers({"ws1"}).front()};
  WorkflowRef workflow{.server_id = "server-1", .workflow_id = 42};
};

inline std::string shell_name(const testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace torc::remote
