#include "torc/remote/install.hpp"

#include <sys/utsname.h>

#include <fstream>

#include <fmt/format.h>

#include "local_worker.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::remote {
namespace {

class InstallScripts : public RemoteScripts {
 protected:
  InstallScripts() {
    settings.workflow = workflow;
    settings.programs = {{.path = (m_dir / "program").string(), .name = "this program", .machine = own_machine()}};
    settings.binary_dir = "/usr/lib/torc";
    settings.version = "0.23.0";
    settings.build_id = "ours";
    settings.limit = std::chrono::seconds(8);
    write_program(program(), "#!/bin/sh\necho torc 0.23.0\n");
  }

  void SetUp() override {
    RemoteScripts::SetUp();
    fs::remove(transport.home() / "bin/torc");
  }

  InstallResult install() { return install_on_workers(transport, {worker}, settings).front(); }

  /// The files in the directory of the installed program.
  std::vector<std::string> installed_files() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(directory())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  /// Checks that the installation fails with this message and leaves no files.
  void expect_failure(const std::string& message) {
    const auto result = install();
    EXPECT_FALSE(result.ok || result.installed);
    EXPECT_NE(result.message.find(message), std::string::npos) << result.message << transport.last.err;
    EXPECT_EQ(installed_files(), std::vector<std::string>{});
  }

  const std::string& program() const { return settings.programs.front().path; }
  fs::path directory() const { return transport.home() / ".local/bin"; }
  fs::path target() const { return directory() / "torc"; }

  InstallSettings settings;
};

TEST_P(InstallScripts, CopiesTheProgramWhereThereIsNone) {
  transport.noise = "echo '#torc-report'; echo noise\n";
  const auto result = install();
  EXPECT_TRUE(result.ok && result.installed && result.reached) << result.message << transport.last.err;
  EXPECT_EQ(result.path, target().string());
  EXPECT_EQ(base::read_file(target()), base::read_file(program()));
  EXPECT_EQ(fs::status(target()).permissions(), fs::perms(0755));
  EXPECT_EQ(installed_files(), std::vector<std::string>{"torc"});
}

TEST_P(InstallScripts, LeavesTheSameVersionAlone) {
  write_program(transport.home() / "bin/torc", k_fake_torc);
  auto result = install();
  EXPECT_TRUE(result.ok && !result.installed) << result.message;
  EXPECT_EQ(result.path, (transport.home() / "bin/torc").string());
  EXPECT_EQ(result.message, "another build of the same version; --force replaces it");
  settings.build_id = "test";
  EXPECT_EQ(install().message, "");
  // One without the probe, too.
  write_program(transport.home() / "bin/torc", "#!/bin/sh\n[ \"$1\" = --version ] && echo torc 0.23.0\n");
  EXPECT_TRUE(install().ok);
  EXPECT_EQ(transport.sends, 0);
  settings.force = true;
  result = install();
  EXPECT_TRUE(result.ok && result.installed) << result.message;
  EXPECT_EQ(result.path, target().string());
}

TEST_P(InstallScripts, FindsWhatWasInstalledBehindAnotherVersion) {
  write_program(transport.home() / "bin/torc", "#!/bin/sh\necho torc 0.6.5\n");
  EXPECT_TRUE(install().installed);
  const auto again = install();
  EXPECT_TRUE(again.ok && !again.installed) << again.message;
  EXPECT_EQ(again.path, target().string());
  EXPECT_EQ(base::read_file(transport.home() / "bin/torc"), "#!/bin/sh\necho torc 0.6.5\n");
}

TEST_P(InstallScripts, ReplacesAProgramThatRuns) {
  write_program(target(), "#!/bin/sh\n[ \"$1\" = run ] && exec sleep 300\necho torc 0.6.5\n");
  proc::SpawnOptions options;
  options.argv = {target().string(), "run"};
  auto running = proc::Child::spawn(options);
  EXPECT_TRUE(install().installed);
  EXPECT_EQ(::kill(running.pid(), 0), 0);
  running.signal(SIGKILL);
  running.wait();
}

TEST_P(InstallScripts, TakesAnotherPrefix) {
  settings.prefix = "opt/it's mine";
  const auto result = install();
  EXPECT_EQ(result.path, transport.home().string() + "/opt/it's mine/bin/torc") << result.message;
  settings.prefix = "~/tools/";
  settings.force = true;
  EXPECT_EQ(install().path, transport.home().string() + "/tools/bin/torc");
  EXPECT_THROW(check_prefix(""), base::UsageError);
  EXPECT_THROW(check_prefix("a\nb"), base::UsageError);
}

TEST_P(InstallScripts, SaysWhereNothingCanBePut) {
  write_text(transport.home() / "file", "");
  settings.prefix = "file";
  EXPECT_FALSE(install().ok);
  EXPECT_NE(install().message, "");
  settings.prefix = "~/.local";
  fs::create_directories(target());
  EXPECT_EQ(install().message, target().string() + " is a directory");
  EXPECT_EQ(transport.sends, 0);
}

TEST_P(InstallScripts, KeepsWhatIsThereWhenTheTransferIsDamaged) {
  transport.damage = true;
  fs::create_directories(directory());
  expect_failure("the program was damaged during the transfer");
  transport.damage = false;
  EXPECT_TRUE(install().ok);
}

TEST_P(InstallScripts, NamesAMissingLibrary) {
  write_program(program(),
                "#!/bin/sh\necho \"$0: error while loading shared libraries: libx.so.1: cannot open shared object "
                "file: No such file or directory\" >&2\nexit 127\n");
  expect_failure("libx.so.1 is missing; install the package that contains it");
}

TEST_P(InstallScripts, SaysWhyTheProgramDoesNotStart) {
  for (const auto& [script, message] : std::vector<std::pair<std::string, std::string>>{
           {"echo \"torc: /lib/libc.so.6: version \\`GLIBC_2.38' not found (required by torc)\"; exit 1",
            "the worker's C library is too old for this program (version `GLIBC_2.38' not found"},
           {"echo 'cannot execute binary file: Exec format error'; exit 126",
            "it was built for another kind of machine"},
           {"echo 'torc: not found'; exit 127", "another C library"},
           {"echo 'torc: Permission denied'; exit 126", "noexec"},
           {"echo torc 0.24.0", "it is torc 0.24.0, not torc 0.23.0"},
           {"exec sleep 100", "it does not answer"},
           {"exit 7", "exit status 7"}}) {
    write_program(program(), "#!/bin/sh\n" + script + "\n");
    expect_failure(message);
  }
}

TEST_P(InstallScripts, ComparesTheMachines) {
  settings.programs.front().machine = "Linux pdp11";
  const auto result = install();
  struct utsname names {};
  ASSERT_EQ(::uname(&names), 0);
  EXPECT_EQ(result.message,
            fmt::format("the worker is {}, and there is no torc-linux-{} in /usr/lib/torc; see --binary-dir",
                        own_machine(), names.machine));
  EXPECT_EQ(transport.sends, 0);
  EXPECT_FALSE(fs::exists(directory()));
}

TEST_P(InstallScripts, TakesThePortableProgramWhereTheFirstOneDoesNotStart) {
  write_program(program(), "#!/bin/sh\necho 'cannot execute binary file: Exec format error'; exit 126\n");
  const auto portable = (m_dir / "portable").string();
  write_program(portable, "#!/bin/sh\n# portable\necho torc 0.23.0\n");
  settings.programs.push_back({.path = portable, .name = "torc-linux-pdp11", .machine = "Linux pdp11"});
  auto result = install();
  EXPECT_EQ(transport.sends, 1) << "that of another machine is not tried";
  EXPECT_TRUE(result.message.starts_with("this program: it does not start there: it was built for another kind"))
      << result.message;
  EXPECT_TRUE(result.message.ends_with("in /usr/lib/torc; see --binary-dir")) << result.message;
  settings.programs.back().machine = own_machine();
  result = install();
  EXPECT_TRUE(result.installed) << result.message << transport.last.err;
  EXPECT_EQ(result.program, "torc-linux-pdp11");
  EXPECT_EQ(result.message, "");
  EXPECT_EQ(base::read_file(target()), base::read_file(portable));
  EXPECT_EQ(installed_files(), std::vector<std::string>{"torc"});
}

TEST_P(InstallScripts, SaysThatThePortableProgramIsOfAnotherVersion) {
  write_program(program(), "#!/bin/sh\nexit 127\n");
  settings.programs.push_back({.path = (m_dir / "old").string(), .name = "old", .machine = own_machine()});
  write_program(settings.programs.back().path, "#!/bin/sh\necho torc 0.22.0\n");
  expect_failure("old: it is torc 0.22.0, not torc 0.23.0");
}

TEST_P(InstallScripts, SkipsAProgramThatCannotBeRead) {
  settings.programs.insert(settings.programs.begin(),
                           {.path = "/no/such/program", .name = "absent", .machine = own_machine()});
  EXPECT_EQ(install().program, "this program");
  settings.programs.pop_back();
  fs::remove(target());
  expect_failure("absent: cannot open /no/such/program: No such file or directory");
}

TEST_P(InstallScripts, ReportsMachinesWithoutAPortableProgram) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "its uname is built in";
  }
  settings.programs.front().machine = "Linux pdp11";
  for (const auto& [machine, message] : std::vector<std::pair<std::string, std::string>>{
           {"Darwin arm64",
            "the worker is Darwin arm64, for which there is no portable program; build torc on the worker"},
           {"", "the worker does not report its system and processor (uname -sm)"},
           {"Linux aarch64",
            "the worker is Linux aarch64, and there is no torc-linux-aarch64 in /usr/lib/torc; see "
            "--binary-dir"}}) {
    write_program(transport.home() / "bin/uname", "#!/bin/sh\necho '" + machine + "'\n");
    EXPECT_EQ(install().message, message);
  }
}

TEST_P(InstallScripts, ReportsWhyItCannotUnpack) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "its gzip is built in";
  }
  for (const auto& [error, message] : std::vector<std::pair<std::string, std::string>>{
           {"gzip: stdout: No space left on device", "no space left for " + target().string()},
           {"gzip: stdout: Disk quota exceeded", "no space left for " + target().string()},
           {"Killed", "cannot unpack the copied program: Killed"}}) {
    write_program(transport.home() / "bin/gzip", "#!/bin/sh\necho '" + error + "' >&2\nexit 1\n");
    expect_failure(message);
  }
}

TEST_P(InstallScripts, SendsTheProgramItselfToAWorkerWithoutGzip) {
  if (std::string(GetParam()) == "busybox") {
    GTEST_SKIP() << "its gzip is built in";
  }
  hide("gzip");
  const auto result = install();
  EXPECT_TRUE(result.installed) << result.message << transport.last.err;
  EXPECT_EQ(base::read_file(target()), base::read_file(program()));
}

TEST_P(InstallScripts, VerifyTheProgramWithGzipOnAWorkerWithoutCksum) {
  hide("cksum");
  transport.damage = true;
  fs::create_directories(directory());
  expect_failure("the program was damaged during the transfer");
  transport.damage = false;
  EXPECT_TRUE(install().installed) << transport.last.err;
  EXPECT_EQ(base::read_file(target()), base::read_file(program()));
}

TEST(PortablePrograms, AreTheFilesOfADirectory) {
  const support::TempDir directory;
  EXPECT_TRUE(portable_programs(directory.path().string()).empty());
  EXPECT_TRUE(portable_programs(directory.file("absent")).empty());
  std::ofstream(directory.file("torc-linux-aarch64")) << "x";
  std::ofstream(directory.file("torc-linux-pdp11")) << "x";
  fs::create_directory(directory.file("torc-linux-x86_64"));
  const auto found = portable_programs(directory.path().string());
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].path, directory.file("torc-linux-aarch64"));
  EXPECT_EQ(found[0].machine, "Linux aarch64");
}

TEST_P(InstallScripts, LeavesNothingOfATransferThatFails) {
  using End = proc::CommandResult::End;
  transport.sent = proc::CommandResult{.end = End::exited, .code = 1, .err = "scp: write remote: Failure\n"};
  expect_failure("scp: write remote: Failure");
  transport.sent->end = End::canceled;
  expect_failure("canceled");
  // What sftp does not say: the disk is full.
  transport.sent->end = End::exited;
  write_program(transport.home() / "bin/head", "#!/bin/sh\necho 'head: No space left on device' >&2\nexit 1\n");
  if (std::string(GetParam()) != "busybox") {  // Its own head is built in.
    expect_failure("no space left for " + target().string());
  }
}

TEST_P(InstallScripts, DeletesNoFileOfAnotherInstallationWhateverItsAge) {
  const auto other = directory() / ".torc-install.0";
  write_text(other, "");
  // As on a file server whose clock is behind.
  fs::last_write_time(other, fs::file_time_type::clock::now() - std::chrono::hours(49));
  EXPECT_TRUE(install().ok);
  EXPECT_TRUE(fs::exists(other)) << "it may be under way";
}

TEST_P(InstallScripts, NamesTheUnreachable) {
  transport.noise = "echo 'ssh: connect to host ws1 port 22: No route to host' >&2; exit 255\n";
  const auto result = install();
  EXPECT_FALSE(result.ok || result.reached);
  EXPECT_EQ(result.message, "ssh: connect to host ws1 port 22: No route to host");
}

INSTANTIATE_TEST_SUITE_P(Shells, InstallScripts, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
