#include "torc/remote/logs.hpp"

#include <fcntl.h>

#include <algorithm>
#include <functional>
#include <sstream>

#include "local_worker.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::remote {
namespace {

class LogScripts : public RemoteScripts {
 protected:
  void SetUp() override {
    RemoteScripts::SetUp();
    transport.variables = {"TMPDIR=" + (m_dir / "tmp").string()};
    fs::create_directories(m_dir / "tmp");
    fs::create_directories(m_dir / "local");
    settings.workflow = workflow;
    settings.local_dir = (m_dir / "local").string();
  }

  CollectResult collect() { return collect_logs(transport, {worker}, settings).front(); }

  DeleteResult remove(const std::string& directory = {}) { return delete_logs(transport, worker, workflow, directory); }

  void write_output(const std::string& directory = "torc_output") {
    write_text(transport.home() / directory / "job_stdio/job_1.o", "hello\n");
  }

  ::testing::AssertionResult nothing_left_there() const {
    for (const auto& entry : fs::recursive_directory_iterator(m_dir / "tmp")) {
      return ::testing::AssertionFailure() << entry.path() << " is";
    }
    return ::testing::AssertionSuccess();
  }

  /// Writes the state of a worker with this output directory.
  void write_state(pid_t pid, std::uint64_t ticks, const std::string& boot, const std::string& host) {
    const auto output = fs::canonical(transport.home() / "torc_output").string();
    write_text(state_directory() / "worker", "pid=" + std::to_string(pid) + "\nstart_ticks=" + std::to_string(ticks) +
                                                 "\nboot_id=" + boot + "\nhost=" + host + "\noutput_dir=" + output +
                                                 "\n");
  }

  CollectSettings settings;
};

TEST_P(LogScripts, CollectAnArchive) {
  write_output();
  const auto result = collect();
  ASSERT_TRUE(result.ok) << result.message << transport.last.err;
  EXPECT_EQ(result.file, settings.local_dir + "/torc_logs_42_ws1.tar.gz");
  proc::Command list;
  list.argv = {"tar", "-xzOf", result.file, "./job_stdio/job_1.o"};
  EXPECT_EQ(proc::run_command(list).out, "hello\n");
  EXPECT_EQ(transport.connections, 1);
  EXPECT_TRUE(nothing_left_there());
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output"));
}

TEST_P(LogScripts, CollectWithOneConnectionAtATime) {
  write_output();
  transport.slots = 1;
  EXPECT_TRUE(collect().ok) << transport.last.err;
  EXPECT_TRUE(nothing_left_there());
}

TEST_P(LogScripts, DeleteCollectedFiles) {
  write_output("it's \"here\"");
  settings.output_dir = "it's \"here\"";
  settings.remove = true;
  const auto result = collect();
  EXPECT_TRUE(result.ok && result.removed) << result.message << transport.last.err;
  EXPECT_FALSE(fs::exists(transport.home() / settings.output_dir));
  EXPECT_TRUE(fs::exists(result.file));
  EXPECT_TRUE(nothing_left_there());
}

TEST_P(LogScripts, CollectAndDeleteForTwoWorkersThatShareAHome) {
  write_output();
  settings.remove = true;
  const auto results = collect_logs(transport, make_workers({"ws1", "ws2"}), settings);
  for (const auto& result : results) {
    EXPECT_TRUE(result.ok && result.removed) << result.message;
    EXPECT_TRUE(fs::exists(result.file));
  }
  EXPECT_TRUE(nothing_left_there());
}

TEST_P(LogScripts, DeleteNothingIfTheTransferWasDamaged) {
  write_output();
  settings.remove = true;
  transport.damage = true;
  const auto result = collect();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message, "the archive was damaged during the transfer; nothing was deleted on the worker");
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
  EXPECT_TRUE(fs::is_empty(settings.local_dir));
  EXPECT_TRUE(nothing_left_there());
}

TEST_P(LogScripts, DeleteNothingIfTarFails) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "this shell has its own tar and find";
  }
  write_output();
  write_program(transport.home() / "bin/tar",
                "#!/bin/sh\necho 'tar: -: Cannot write: No space left on device' >&2\nexit 2\n");
  settings.remove = true;
  const auto result = collect();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message,
            "archive incomplete (no space left on " + (m_dir / "tmp").string() + "); nothing was deleted on the worker")
      << transport.last.err;
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
  EXPECT_TRUE(nothing_left_there());
}

TEST_P(LogScripts, CollectFilesThatGrowButDoNotDeleteThem) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "this shell has its own tar and find";
  }
  write_output();
  write_program(transport.home() / "bin/tar",
                "#!/bin/sh\n/usr/bin/tar \"$@\" || exit\n"
                "echo more >>\"$HOME/torc_output/job_stdio/job_1.o\"\n"
                "echo 'tar: ./x: file changed as we read it' >&2\nexit 1\n");
  EXPECT_TRUE(collect().ok) << transport.last.err;
  settings.remove = true;
  // The clock of file times advances in steps.
  write_program(transport.home() / "bin/find",
                "#!/bin/sh\nsleep 0.02\ntouch \"$HOME/torc_output/late\"\nexec /usr/bin/find \"$@\"\n");
  const auto result = collect();
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find("changed since the archive was made"), std::string::npos) << result.message;
  EXPECT_TRUE(fs::exists(result.file));
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
}

TEST_P(LogScripts, DeleteOnlyWithForceWhileAWorkerRuns) {
  write_output();
  write_state(::getpid(), proc::start_ticks(::getpid()).value_or(0), proc::boot_id(), proc::host_name());
  settings.remove = true;
  auto result = collect();
  EXPECT_FALSE(result.ok);
  EXPECT_NE(result.message.find("a runner uses the directory"), std::string::npos) << result.message;
  EXPECT_TRUE(fs::exists(result.file));
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
  // The worker may still write into its open files and into directories.
  write_text(transport.home() / "torc_output/job_stdio/open.o", "so far\n");
  const base::Fd open = base::open_file(transport.home() / "torc_output/job_stdio/open.o", O_WRONLY | O_APPEND);
  settings.force = true;
  write_text(transport.home() / "torc_output/.torc_server_42", "server-1\n");
  result = collect();
  EXPECT_TRUE(result.ok && result.kept) << result.message;
  EXPECT_FALSE(result.removed) << "files in use must remain";
  EXPECT_NE(result.message.find("in use"), std::string::npos) << result.message;
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/.torc_server_42")) << "the file with the owner must remain";
  EXPECT_FALSE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/open.o"));
}

/// The numbers in the script's reports of progress.
std::vector<long> progress_of(const std::string& output) {
  std::vector<long> numbers;
  std::istringstream lines(output);
  const std::string mark = std::string(k_progress_mark) + " ";
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(mark)) {
      numbers.push_back(std::stol(line.substr(mark.size())));
    }
  }
  return numbers;
}

TEST_P(LogScripts, DirectoriesThatAreSlowToListAreCollectedAndDeleted) {
  if (std::string(GetParam()) != "dash") {
    GTEST_SKIP() << "one shell is enough; busybox has its own find";
  }
  write_output();
  write_output("torc_output/job_stdio");
  write_state(::getpid(), proc::start_ticks(::getpid()).value_or(0), proc::boot_id(), proc::host_name());
  write_program(transport.home() / "bin/find", "#!/bin/sh\nsleep 1.1\nexec /usr/bin/find \"$@\"\n");
  transport.limit = std::chrono::seconds(2);
  const auto result = collect();
  EXPECT_TRUE(result.ok) << "listing twice takes longer than the limit of a call: " << result.message;
  transport.limit = std::chrono::seconds(20);
  fs::remove(transport.home() / "bin/find");
  for (int i = 0; i < 30; ++i) {
    write_text(transport.home() / ("torc_output/job_stdio/many_" + std::to_string(i)), "x\n");
  }
  settings.remove = settings.force = true;
  EXPECT_TRUE(collect().kept);
  EXPECT_FALSE(fs::exists(transport.home() / "torc_output/job_stdio/many_1"));
}

TEST_P(LogScripts, ProgressOnlyIncreases) {
  write_output();
  transport.slots = 1;
  transport.on_fetched = [&] {
    const auto numbers = progress_of(transport.last.out);
    EXPECT_GE(numbers.size(), 4U) << "listing before and after, archive, checksum";
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end(), std::less_equal<>())) << transport.last.out;
  };
  EXPECT_TRUE(collect().ok) << transport.last.err;
}

TEST_P(LogScripts, DeleteEverythingWithForceIfNothingIsInUse) {
  write_output();
  settings.remove = settings.force = true;
  const auto result = collect();
  EXPECT_TRUE(result.ok && result.removed) << result.message;
  EXPECT_FALSE(fs::exists(transport.home() / "torc_output"));
}

TEST_P(LogScripts, DeleteNothingThatIsNotInTheArchive) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "this shell has its own tar";
  }
  write_output();
  write_text(transport.home() / "torc_output/job_stdio/a name with  blanks.o", "x\n");
  settings.remove = true;
  write_program(transport.home() / "bin/tar", "#!/bin/sh\nexec /usr/bin/tar --exclude='job_1.o' \"$@\"\n");
  const auto result = collect();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message, "the archive lacks ./job_stdio/job_1.o; nothing was deleted on the worker");
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
  fs::remove(transport.home() / "bin/tar");
  EXPECT_TRUE(collect().ok);
}

TEST_P(LogScripts, UnpackTheArchive) {
  write_output();
  settings.extract = true;
  const auto directory = fs::path(settings.local_dir) / "torc_logs_42_ws1";
  EXPECT_EQ(collect().extracted, directory.string());
  EXPECT_EQ(base::read_file(directory / "job_stdio/job_1.o"), "hello\n");
  write_text(transport.home() / "torc_output/job_stdio/job_1.o", "again\n");
  EXPECT_TRUE(collect().ok);
  EXPECT_EQ(base::read_file(directory / "job_stdio/job_1.o"), "again\n");
  EXPECT_EQ(base::read_file(directory.string() + ".1/job_stdio/job_1.o"), "hello\n") << "the older one must be kept";
}

TEST_P(LogScripts, KeepAnOlderArchive) {
  write_output();
  write_text(settings.local_dir + "/torc_logs_42_ws1.tar.gz", "older");
  EXPECT_TRUE(collect().ok);
  EXPECT_EQ(base::read_file(settings.local_dir + "/torc_logs_42_ws1.1.tar.gz"), "older");
}

TEST_P(LogScripts, ReportAMissingDirectory) {
  auto collected = collect();
  EXPECT_TRUE(collected.ok && collected.missing) << collected.message;
  const auto removed = remove("nowhere");
  EXPECT_TRUE(removed.ok && removed.missing) << removed.message;
  EXPECT_EQ(transport.last.err, "");
}

TEST_P(LogScripts, DeleteAnOutputDirectory) {
  write_output("a 'b' $(touch evil)");
  const auto result = remove("a 'b' $(touch evil)");
  EXPECT_TRUE(result.ok && !result.missing) << result.message;
  EXPECT_FALSE(fs::exists(transport.home() / "a 'b' $(touch evil)"));
  EXPECT_FALSE(fs::exists(transport.home() / "evil"));
}

TEST_P(LogScripts, DeleteTheRecordedOutputDirectory) {
  write_output("elsewhere");
  write_text(state_directory() / "worker",
             "pid=1\nhost=" + proc::host_name() + "\noutput_dir=" + (transport.home() / "elsewhere").string() + "\n");
  EXPECT_TRUE(remove().ok);
  EXPECT_FALSE(fs::exists(transport.home() / "elsewhere"));
}

TEST_P(LogScripts, RefuseToDeleteDangerousDirectories) {
  write_output();
  // If a refusal ever fails, only this test fails, and no files are deleted.
  write_program(transport.home() / "bin/rm", "#!/bin/sh\nexit 0\n");
  for (const std::string& directory :
       {std::string("/"), std::string("//"), std::string("/usr"), std::string("~"), transport.home().string(),
        std::string("."), transport.home().parent_path().string(), std::string("torc_output/.."), std::string("..")}) {
    const auto result = remove(directory);
    EXPECT_FALSE(result.ok) << directory;
    EXPECT_TRUE(result.message.starts_with("refused to delete")) << directory << ": " << result.message;
  }
  EXPECT_TRUE(fs::exists(transport.home() / "torc_output/job_stdio/job_1.o"));
}

TEST_P(LogScripts, RefuseToDeleteADirectoryWithoutFilesOfTorc) {
  write_text(transport.home() / "thesis/chapter1.tex", "...");
  const auto refused = remove("thesis");
  EXPECT_FALSE(refused.ok);
  EXPECT_TRUE(refused.message.ends_with("/thesis: it does not contain any files of torc")) << refused.message;
  EXPECT_TRUE(fs::exists(transport.home() / "thesis/chapter1.tex"));
  fs::create_directories(transport.home() / "empty");
  EXPECT_TRUE(remove("empty").ok);
  write_text(transport.home() / "older/torc_worker_42.log", "by torc 0.23");
  EXPECT_TRUE(remove("older").ok);
  EXPECT_FALSE(fs::exists(transport.home() / "older"));
}

TEST_P(LogScripts, RefuseToDeleteWhileAWorkerRunsThere) {
  write_output();
  write_state(::getpid(), *proc::start_ticks(::getpid()), proc::boot_id(), proc::host_name());
  auto result = remove();
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.message,
            "a runner uses the directory (PID " + std::to_string(::getpid()) + "); stop the runner first");
  settings.remove = true;
  EXPECT_FALSE(collect().ok);
  EXPECT_TRUE(nothing_left_there());
  // Processes of another host with the same home directory cannot be seen from here.
  fs::remove(state_directory() / "ended");
  write_state(1, 1, "another boot", "another host");
  fs::rename(state_directory(), state_directory().parent_path() / "ws2");
  result = remove();
  EXPECT_EQ(result.message,
            "a runner on another host (PID 1) may still use the directory; stop the runner first, or delete " +
                (state_directory().parent_path() / "ws2/worker").string() + " if it has ended");
  write_text(state_directory().parent_path() / "ws2/ended", "reason=finished\n");
  EXPECT_TRUE(remove().ok);
}

TEST_P(LogScripts, RefuseToDeleteWhileAnOlderTorcRunsThere) {
  write_output();
  write_program(transport.home() / "bin/torc", "#!/bin/sh\nsleep 300\n");
  proc::SpawnOptions options;
  options.argv = {(transport.home() / "bin/torc").string(), "run", "7"};
  auto legacy = proc::Child::spawn(options);
  write_text(transport.home() / "torc_output/torc_worker_7.pid", std::to_string(legacy.pid()) + "\n");
  EXPECT_FALSE(remove().ok);
  legacy.signal(SIGKILL);
  legacy.wait();
  EXPECT_TRUE(remove().ok);
}

INSTANTIATE_TEST_SUITE_P(Shells, LogScripts, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
