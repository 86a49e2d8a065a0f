#include "runner/jobs/job_process.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "runner_support.hpp"
#include "torc/base/error.hpp"

namespace torc::runner {
namespace {

using testing::TempDir;

model::Job job_of(const std::string& command) {
  model::Job job;
  job.id = 7;
  job.workflow_id = 3;
  job.name = "a job";
  job.command = command;
  job.attempt_id = 2;
  return job;
}

JobSettings settings_in(const TempDir& directory) {
  std::filesystem::create_directories(directory.path() / "job_stdio");
  return {.output_directory = directory.path(), .output_directory_text = "out", .run_id = 5, .api_url = "http://s/v1"};
}

proc::ExitStatus run(const model::Job& job, const JobSettings& settings, const Stdio& stdio = {}) {
  JobProcess process = JobProcess::start(job, settings, {.stdio = stdio}, own_environment());
  const auto status = process.child.wait();
  if (status.ok()) {
    for (const auto& file : process.files_of_success()) {
      std::filesystem::remove(file);
    }
  }
  return status;
}

/// The files in the output directory, and their content.
std::map<std::string, std::string> outputs(const TempDir& directory) {
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() / "job_stdio")) {
    found[entry.path().extension()] = base::read_file(entry.path());
    std::filesystem::remove(entry.path());
  }
  return found;
}

TEST(JobProcess, RunsTheCommandInBashWithOutputFiles) {
  const TempDir directory;
  const auto settings = settings_in(directory);
  const auto status = run(job_of("echo out {a,b}; echo err >&2; exit 3"), settings);
  EXPECT_EQ(status.return_code(), 3);
  EXPECT_EQ(stdio_base(settings, key_of(job_of(""))), directory.path() / "job_stdio/job_wf3_j7_r5_a2");
  EXPECT_EQ(base::read_file(directory.file("job_stdio/job_wf3_j7_r5_a2.o")), "out a b\n");
  EXPECT_EQ(base::read_file(directory.file("job_stdio/job_wf3_j7_r5_a2.e")), "err\n");
}

TEST(JobProcess, PutsTheInvocationScriptBeforeTheCommand) {
  const TempDir directory;
  const auto settings = settings_in(directory);
  const std::string script = directory.file("my script.sh");
  std::ofstream(script) << "for word in \"$@\"; do echo \"[$word]\"; done\n";
  auto job = job_of("tool 'two words' $((1 + 1))");
  job.invocation_script = "bash '" + script + "' first";
  EXPECT_TRUE(run(job, settings).ok());
  EXPECT_EQ(base::read_file(directory.file("job_stdio/job_wf3_j7_r5_a2.o")), "[first]\n[tool]\n[two words]\n[2]\n");
  job.invocation_script = "";
  EXPECT_EQ(job_argv(job, settings.shell), (std::vector<std::string>{"bash", "-c", "tool 'two words' $((1 + 1))"}));
}

TEST(JobProcess, GetsItsVariablesButNoSecrets) {
  const TempDir directory;
  const std::vector<std::string> inherited{"PATH=/bin",          "TORC_PASSWORD=secret", "TORC_COOKIE_HEADER=secret",
                                           "TORC_JOB_ID=99",     "TORC_WORKER_KEY=k",    "TORC_WORKER_READY_FD=3",
                                           "TORC_API_URL=other", "TORC_USERNAME=alice"};
  auto environment = job_environment(job_of("x"), settings_in(directory), {}, inherited);
  std::sort(environment.begin(), environment.end());
  EXPECT_EQ(environment, (std::vector<std::string>{"PATH=/bin", "TORC_API_URL=http://s/v1", "TORC_ATTEMPT_ID=2",
                                                   "TORC_JOB_ID=7", "TORC_JOB_NAME=a job", "TORC_OUTPUT_DIR=out",
                                                   "TORC_USERNAME=alice", "TORC_WORKFLOW_ID=3"}));
}

TEST(JobProcess, GetsCredentialsFromTheSettings) {
  const TempDir directory;
  auto settings = settings_in(directory);
  settings.credentials = {"TORC_PASSWORD=pass=word", "TORC_API_URL=http://a:b@s/v1"};
  const std::vector<std::string> inherited{"TORC_PASSWORD=old", "TORC_COOKIE_HEADER=secret"};
  const auto of_action = action_environment(3, settings, inherited);
  for (const auto& environment : {job_environment(job_of("x"), settings, {}, inherited), of_action}) {
    EXPECT_EQ(std::count(environment.begin(), environment.end(), "TORC_PASSWORD=pass=word"), 1);
    EXPECT_EQ(std::count(environment.begin(), environment.end(), "TORC_API_URL=http://a:b@s/v1"), 1);
    EXPECT_EQ(std::count_if(environment.begin(), environment.end(),
                            [](const auto& entry) {
                              return entry == "TORC_PASSWORD=old" || entry == "TORC_API_URL=http://s/v1" ||
                                     entry.starts_with("TORC_COOKIE_HEADER");
                            }),
              0);
  }
}

TEST(JobProcess, SeesNothingOfTheSessionThatStartedTheRunner) {
  const TempDir directory;
  const std::vector<std::string> inherited{"PATH=/bin",    "SSH_CLIENT=1", "SSH2_CLIENT=1",          "SSH_CONNECTION=1",
                                           "SSH_TTY=/tty", "SHLVL=1",      "SSH_ORIGINAL_COMMAND=x", "SSH_AUTH_SOCK=s"};
  auto environment = job_environment(job_of("x"), settings_in(directory), {}, inherited);
  const auto actions = action_environment(3, settings_in(directory), inherited);
  environment.insert(environment.end(), actions.begin(), actions.end());
  for (const auto& entry : environment) {
    EXPECT_TRUE(entry.starts_with("TORC_") || entry == "PATH=/bin" || entry == "SSH_AUTH_SOCK=s") << entry;
  }
}

TEST(JobProcess, RunsScriptsWithoutInterpreterLineInBash) {
  const TempDir directory;
  const auto settings = settings_in(directory);
  const std::string script = directory.file("script");
  base::write_file_atomically(script, "echo $((1 + 1))\n", 0755);
  JobProcess process = JobProcess::start(job_of(script), settings, {.argv = {script}}, own_environment());
  EXPECT_TRUE(process.child.wait().ok());
  EXPECT_EQ(outputs(directory).at(".o"), "2\n");
}

TEST(JobProcess, SeesItsAssignedGpus) {
  const TempDir directory;
  const auto environment =
      job_environment(job_of("x"), settings_in(directory), {"1", "3"}, {"CUDA_VISIBLE_DEVICES=0,1,2,3"});
  EXPECT_EQ(std::count(environment.begin(), environment.end(), "CUDA_VISIBLE_DEVICES=1,3"), 1);
  EXPECT_EQ(std::count(environment.begin(), environment.end(), "TORC_GPU_VISIBLE_DEVICES=1,3"), 1);
  EXPECT_EQ(std::count(environment.begin(), environment.end(), "CUDA_VISIBLE_DEVICES=0,1,2,3"), 0);
}

TEST(JobProcess, WritesToTheFilesOfItsStdioMode) {
  using Files = std::map<std::string, std::string>;
  const TempDir directory;
  const auto settings = settings_in(directory);
  const std::string command = "echo one; echo two >&2; echo three";
  const auto written = [&](StdioMode mode) {
    EXPECT_TRUE(run(job_of(command), settings, {.mode = mode}).ok());
    return outputs(directory);
  };
  EXPECT_EQ(written(StdioMode::separate), (Files{{".o", "one\nthree\n"}, {".e", "two\n"}}));
  EXPECT_EQ(written(StdioMode::combined), (Files{{".log", "one\ntwo\nthree\n"}}));
  EXPECT_EQ(written(StdioMode::no_stdout), (Files{{".e", "two\n"}}));
  EXPECT_EQ(written(StdioMode::no_stderr), (Files{{".o", "one\nthree\n"}}));
  EXPECT_EQ(written(StdioMode::none), Files{});
}

TEST(JobProcess, RemovesTheOutputOfASuccessIfConfigured) {
  const TempDir directory;
  const auto settings = settings_in(directory);
  const Stdio stdio{.mode = StdioMode::separate, .delete_on_success = true};
  EXPECT_TRUE(run(job_of("echo good"), settings, stdio).ok());
  EXPECT_TRUE(outputs(directory).empty());
  EXPECT_FALSE(run(job_of("echo bad; exit 1"), settings, stdio).ok());
  EXPECT_EQ(outputs(directory).at(".o"), "bad\n");
}

TEST(JobProcess, LeadsASessionAndHasEmptyInput) {
  const TempDir directory;
  const auto settings = settings_in(directory);
  const auto status = run(job_of("read -r x; [ $? -ne 0 ] && [ \"$(ps -o sid= -p $$ | tr -d ' ')\" = $$ ]"), settings);
  EXPECT_TRUE(status.ok());
}

TEST(JobProcess, CannotBeStartedWithoutItsInterpreter) {
  const TempDir directory;
  const std::string script = directory.file("script");
  std::ofstream(script) << "#!/no/such/interpreter\n";
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const JobLaunch launch{.argv = {script}};
  try {
    JobProcess::start(job_of(script), settings_in(directory), launch, own_environment());
    FAIL() << "no error";
  } catch (const base::SystemError& error) {
    EXPECT_NE(std::string(error.what()).find("its interpreter was not found"), std::string::npos) << error.what();
  }
  std::filesystem::remove(script);
  auto process = JobProcess::start(job_of(script), settings_in(directory), launch, own_environment());
  EXPECT_EQ(process.child.wait().return_code(), 127) << "bash reports a missing program";
}

TEST(JobProcess, ReportsWhyItCannotBeStarted) {
  const TempDir directory;
  auto settings = settings_in(directory);
  EXPECT_THROW(run(job_of(std::string("a\0b", 3)), settings), base::Error);
  EXPECT_THROW(run(job_of(std::string(200'000, 'x')), settings), base::SystemError) << "longer than the kernel allows";
  settings.output_directory = directory.path() / "missing";
  EXPECT_THROW(run(job_of("true"), settings), base::SystemError);
}

}  // namespace
}  // namespace torc::runner
