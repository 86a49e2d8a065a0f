#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

using Json = nlohmann::json;

/// The JSON that is stored for one configuration, or null.
Json stored(const std::string& config, const std::string& jobs = "[]") {
  const auto text = yaml("name: p\njobs: " + jobs + "\n" + config).workflow.execution_config;
  return text ? Json::parse(*text) : Json();
}

TEST(ExecutionConfig, IsOmittedIfTheFileHasNone) {
  EXPECT_EQ(stored(""), Json());
}

TEST(ExecutionConfig, HasOnlyTheFieldsOfTheFile) {
  EXPECT_EQ(stored("execution_config: {}"), Json());
  EXPECT_EQ(stored("execution_config: {mode: direct}"), Json());
  EXPECT_EQ(stored("execution_config: {mode: auto}"), Json::parse(R"({"mode": "auto"})"));
  EXPECT_EQ(stored("execution_config: {stdio: {}}"),
            Json::parse(R"({"mode": "direct", "stdio": {"mode": "separate"}})"));
  EXPECT_EQ(stored(R"(
execution_config:
  mode: direct
  limit_resources: false
  termination_signal: SIGUSR1
  sigterm_lead_seconds: 0
  sigkill_headroom_seconds: 5
  timeout_exit_code: 150
  oom_exit_code: 255
  staggered_start: false
  pass_credentials: true
  stdio: {mode: combined, delete_on_success: true}
)"),
            Json::parse(R"({"mode": "direct", "limit_resources": false, "termination_signal": "SIGUSR1",
                            "sigterm_lead_seconds": 0, "sigkill_headroom_seconds": 5, "timeout_exit_code": 150,
                            "oom_exit_code": 255, "staggered_start": false, "pass_credentials": true,
                            "stdio": {"mode": "combined", "delete_on_success": true}})"));
}

TEST(ExecutionConfig, HasTheStdioOfSingleJobs) {
  EXPECT_EQ(stored("", R"([{name: 'a_{i}', command: x, stdio: {mode: none}, parameters: {i: '1:2'}},
                           {name: b, command: x, stdio: {delete_on_success: true}}, {name: c, command: x}])"),
            Json::parse(R"({"mode": "direct",
                            "job_stdio_overrides": {"a_1": {"mode": "none"}, "a_2": {"mode": "none"},
                                                    "b": {"mode": "separate", "delete_on_success": true}}})"));
}

TEST(ExecutionConfig, PrefersAJobsStdioToTheListOfOverrides) {
  EXPECT_EQ(stored("execution_config: {mode: auto, job_stdio_overrides: {a: {mode: none}, b: {mode: combined}}}",
                   "[{name: a, command: x}, {name: b, command: x, stdio: {}}]"),
            Json::parse(R"({"mode": "auto",
                            "job_stdio_overrides": {"a": {"mode": "none"}, "b": {"mode": "separate"}}})"));
}

class ExecutionConfigError : public testing::TestWithParam<Case> {};

TEST_P(ExecutionConfigError, NamesFileLineAndKey) {
  EXPECT_EQ(message_of("name: p\njobs: []\nexecution_config:\n  " + GetParam().text + "\n"), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, ExecutionConfigError,
    testing::Values(
        Case{"unknown_key", "limits: true",
             "wf.yaml:4: unknown key 'limits' in 'execution_config'; allowed are mode, sigkill_headroom_seconds, "
             "timeout_exit_code, staggered_start, stdio, limit_resources, termination_signal, sigterm_lead_seconds, "
             "oom_exit_code, job_stdio_overrides, pass_credentials"},
        Case{"slurm", "mode: slurm", "wf.yaml:4: the mode slurm is not supported yet"},
        Case{"of_slurm", "enable_cpu_bind: true", "wf.yaml:4: 'enable_cpu_bind' is not supported yet"},
        Case{"unknown_mode", "mode: local", "wf.yaml:4: 'mode' must be direct, slurm or auto, found 'local'"},
        Case{"unknown_signal", "termination_signal: SIGFOO",
             "wf.yaml:4: 'termination_signal' must be SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGKILL, SIGUSR1, SIGUSR2, "
             "SIGALRM "
             "or SIGTERM, found 'SIGFOO'"},
        Case{"exit_code_0", "timeout_exit_code: 0", "wf.yaml:4: 'timeout_exit_code' must be at least 1, found 0"},
        Case{"exit_code_256", "oom_exit_code: 256", "wf.yaml:4: 'oom_exit_code' must be at most 255, found 256"},
        Case{"negative_lead", "sigterm_lead_seconds: -1",
             "wf.yaml:4: 'sigterm_lead_seconds' must be at least 0, found -1"},
        Case{"week_of_headroom", "sigkill_headroom_seconds: 604800",
             "wf.yaml:4: 'sigkill_headroom_seconds' must be at most 86400, found 604800"},
        Case{"override_of_nothing", "job_stdio_overrides: {a: {}}",
             "wf.yaml:4: 'job_stdio_overrides' names 'a', which is not among the jobs"},
        Case{"stdio_text", "stdio: none", "wf.yaml:4: 'stdio' must be a map, found the text 'none'"},
        Case{"stdio_mode", "stdio: {mode: no-stdout}",
             "wf.yaml:4: 'mode' must be separate, combined, no_stdout, no_stderr or none, found 'no-stdout'"},
        Case{"stdio_key", "stdio: {delete: true}",
             "wf.yaml:4: unknown key 'delete' in 'stdio' (did you mean 'delete_on_success'?); allowed are mode, "
             "delete_on_success"}),
    label_of);

TEST(ExecutionConfigOfJobs, NamesTheLineOfAJobsStdio) {
  EXPECT_EQ(message_of("name: p\njobs:\n  - name: a\n    command: x\n    stdio: {mode: all}\n"),
            "wf.yaml:5: 'mode' must be separate, combined, no_stdout, no_stderr or none, found 'all'");
}

}  // namespace
}  // namespace torc::workflow_file
