#include "torc/workflow_file/workflow_description.hpp"

#include <algorithm>
#include <fstream>

#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

std::vector<std::string> names(const std::vector<JobDescription>& jobs) {
  std::vector<std::string> result;
  std::transform(jobs.begin(), jobs.end(), std::back_inserter(result), [](const auto& job) { return job.name; });
  return result;
}

TEST(WorkflowFile, ReadsEveryKey) {
  const auto description = yaml(R"(
name: demo
user: alice
description: two stages
project: energy
metadata: '{"a": 1}'
compute_node_wait_for_new_jobs_seconds: 5
compute_node_ignore_workflow_completion: true
compute_node_wait_for_healthy_database_minutes: 0
compute_node_expiration_buffer_seconds: 60
use_pending_failed: true
enable_ro_crate: false
resource_requirements:
  - {name: small, num_cpus: 2, num_gpus: 1, num_nodes: 3, memory: 1g, runtime: PT10M}
  - {name: plain, num_cpus: 1, memory: 512k}
files:
  - {name: out, path: out.txt}
jobs:
  - name: a
    command: echo a > out.txt
    invocation_script: wrap.sh
    priority: 7
    cancel_on_blocking_job_failure: false
    supports_termination: true
    resource_requirements: small
    output_files: [out]
  - name: b
    command: cat out.txt
    input_files: [out, out]
    depends_on: [a, a]
)");
  EXPECT_EQ(description.workflow.name, "demo");
  EXPECT_EQ(description.workflow.user, "alice");
  EXPECT_EQ(description.workflow.description, "two stages");
  EXPECT_EQ(description.workflow.project, "energy");
  EXPECT_EQ(description.workflow.metadata, "{\"a\": 1}");
  EXPECT_EQ(description.workflow.compute_node_wait_for_new_jobs_seconds, 5);
  EXPECT_EQ(description.workflow.compute_node_ignore_workflow_completion, true);
  EXPECT_EQ(description.workflow.compute_node_wait_for_healthy_database_minutes, 0);
  EXPECT_EQ(description.workflow.compute_node_expiration_buffer_seconds, std::nullopt);
  EXPECT_EQ(description.workflow.use_pending_failed, true);
  EXPECT_EQ(description.workflow.enable_ro_crate, false);
  ASSERT_EQ(description.resource_requirements.size(), 2U);
  EXPECT_EQ(description.resource_requirements[0].num_cpus, 2);
  EXPECT_EQ(description.resource_requirements[0].num_gpus, 1);
  EXPECT_EQ(description.resource_requirements[0].num_nodes, 3);
  EXPECT_EQ(description.resource_requirements[0].memory, "1g");
  EXPECT_EQ(description.resource_requirements[0].runtime, "PT10M");
  EXPECT_EQ(description.resource_requirements[1].num_gpus, 0);
  EXPECT_EQ(description.resource_requirements[1].num_nodes, 1);
  EXPECT_EQ(description.resource_requirements[1].runtime, "PT1H");
  ASSERT_EQ(description.files.size(), 1U);
  EXPECT_EQ(description.files[0].path, "out.txt");
  ASSERT_EQ(description.jobs.size(), 2U);
  const auto& a = description.jobs[0];
  EXPECT_EQ(a.command, "echo a > out.txt");
  EXPECT_EQ(a.invocation_script, "wrap.sh");
  EXPECT_EQ(a.priority, 7);
  EXPECT_EQ(a.cancel_on_blocking_job_failure, false);
  EXPECT_EQ(a.supports_termination, true);
  EXPECT_EQ(a.resource_requirements, "small");
  EXPECT_EQ(a.output_files, Texts{"out"});
  EXPECT_EQ(description.jobs[1].priority, std::nullopt);
  EXPECT_EQ(description.jobs[1].depends_on, Texts{"a"});
  EXPECT_EQ(description.jobs[1].input_files, Texts{"out"});
}

TEST(WorkflowFile, ReadsJsonLikeYaml) {
  const auto description = parse_workflow(
      "\xEF\xBB\xBF"
      R"({"name": "p", "user": null, "jobs": [{"name": "b_{z}_{i}", "command": "x",
           "parameters": {"z": "1:2", "i": "1:2"}},
          {"name": "a", "command": "é\u00e9", "priority": 3, "depends_on": []}]})",
      Format::json, "wf.json");
  // The order of the keys is that of the file, not alphabetical.
  EXPECT_EQ(names(description.jobs), (Texts{"b_1_1", "b_1_2", "b_2_1", "b_2_2", "a"}));
  EXPECT_EQ(description.jobs.back().command, "éé");
  EXPECT_EQ(description.jobs.back().priority, 3);
  EXPECT_EQ(description.workflow.user, "");
}

TEST(WorkflowFile, MayHaveNoJobs) {
  EXPECT_TRUE(yaml("name: p\njobs: []\nfiles:\n").jobs.empty());
}

TEST(WorkflowFile, SupportsAnchorsAndMerges) {
  const auto description = yaml(R"(
name: p
jobs:
  - &first
    name: a
    command: &run echo 1
    priority: 2
  - <<: *first
    name: b
    depends_on: &on [a]
  - <<: [{command: d, priority: 4}, *first]
    name: c
    depends_on: *on
)");
  EXPECT_EQ(names(description.jobs), (Texts{"a", "b", "c"}));
  EXPECT_EQ(description.jobs[1].command, "echo 1");
  EXPECT_EQ(description.jobs[1].priority, 2);
  EXPECT_EQ(description.jobs[2].command, "d");
  EXPECT_EQ(description.jobs[2].depends_on, Texts{"a"});
}

TEST(WorkflowFile, KeepsTheTypesOfYamlScalars) {
  const auto description = yaml(
      "name: !!str 5\njobs:\n"
      "  - name: 'no'\n    command: |\n      one\n      two\n    priority: 0x10\n"
      "  - {name: on, command: \"\\t#\", priority: +3}\n");
  EXPECT_EQ(description.workflow.name, "5");
  EXPECT_EQ(description.jobs[0].command, "one\ntwo\n");
  EXPECT_EQ(description.jobs[0].priority, 16);
  EXPECT_EQ(description.jobs[1].name, "on");
  EXPECT_EQ(description.jobs[1].priority, 3);
}

std::string monitor(const std::string& text) {
  return yaml("name: p\njobs: []\n" + text).workflow.resource_monitor_config.value_or("none");
}

TEST(ResourceMonitor, IsOnByDefault) {
  EXPECT_EQ(monitor(""),
            R"({"enabled":true,"granularity":"summary","sample_interval_seconds":10,"generate_plots":false,)"
            R"("jobs":{"enabled":true,"granularity":"summary"},"compute_node":null})");
}

TEST(ResourceMonitor, AppliesTopLevelSettingsToJobs) {
  EXPECT_EQ(monitor("resource_monitor: {enabled: true, granularity: time_series, generate_plots: true}"),
            R"({"enabled":true,"granularity":"time_series","sample_interval_seconds":10,"generate_plots":true,)"
            R"("jobs":{"enabled":true,"granularity":"time_series"},"compute_node":null})");
  EXPECT_EQ(monitor("resource_monitor_config: {enabled: false}"),
            R"({"enabled":false,"granularity":"summary","sample_interval_seconds":10,"generate_plots":false,)"
            R"("jobs":{"enabled":false,"granularity":"summary"},"compute_node":null})");
}

TEST(ResourceMonitor, AcceptsSettingsOfJobsAndComputeNode) {
  EXPECT_EQ(monitor("resource_monitor:\n  sample_interval_seconds: 3\n"
                    "  jobs: {enabled: true, granularity: time_series}\n"
                    "  compute_node: {enabled: true, cpu: false}\n"),
            R"({"enabled":true,"granularity":"time_series","sample_interval_seconds":3,"generate_plots":false,)"
            R"("jobs":{"enabled":true,"granularity":"time_series"},)"
            R"("compute_node":{"enabled":true,"granularity":"summary","cpu":false,"memory":true}})");
}

TEST(Expansion, FillsEveryText) {
  const auto description = yaml(R"(
name: p
resource_requirements: [{name: r_1, num_cpus: 1, memory: 1g}, {name: r_2, num_cpus: 1, memory: 1g}]
files:
  - {name: "f_{i}", path: "out/{i:03d}.txt", parameters: {i: "1:2"}}
jobs:
  - name: "a_{i}"
    command: "run {i} {i:.1f}"
    invocation_script: "wrap {i}"
    resource_requirements: "r_{i}"
    output_files: ["f_{i}"]
    parameters: {i: "1:2"}
  - name: "b_{i}"
    command: check
    depends_on: ["a_{i}"]
    input_files: ["f_{i}"]
    parameters: {i: "1:2"}
  - name: gather
    command: sum
    depends_on: [b_2]
    depends_on_regexes: ["^b_", "a_[12]$"]
)");
  EXPECT_EQ(description.job_count_before_expansion, 3);
  EXPECT_EQ(description.file_count_before_expansion, 1);
  EXPECT_EQ(names(description.jobs), (Texts{"a_1", "a_2", "b_1", "b_2", "gather"}));
  EXPECT_EQ(description.files[1].name, "f_2");
  EXPECT_EQ(description.files[1].path, "out/002.txt");
  EXPECT_EQ(description.jobs[1].command, "run 2 2.0");
  EXPECT_EQ(description.jobs[1].invocation_script, "wrap 2");
  EXPECT_EQ(description.jobs[1].resource_requirements, "r_2");
  EXPECT_EQ(description.jobs[1].output_files, Texts{"f_2"});
  EXPECT_EQ(description.jobs[2].depends_on, Texts{"a_1"});
  EXPECT_EQ(description.jobs[2].input_files, Texts{"f_1"});
  EXPECT_EQ(description.jobs[4].depends_on, (Texts{"b_2", "b_1", "a_1", "a_2"}));
}

TEST(Expansion, UsesSharedParameters) {
  const std::string shared = "name: p\nparameters: {x: '1:2', y: \"['a','b']\"}\njobs:\n";
  EXPECT_EQ(names(yaml(shared + "  - {name: 'j_{x}', command: c}\n").jobs), Texts{"j_{x}"});
  EXPECT_EQ(names(yaml(shared + "  - {name: 'j_{x}_{y}', command: c, use_parameters: [y]}\n").jobs),
            (Texts{"j_{x}_a", "j_{x}_b"}));
  EXPECT_EQ(names(yaml(shared + "  - {name: 'j_{x}_{y}', command: c, use_parameters: [y, x]}\n").jobs),
            (Texts{"j_1_a", "j_2_a", "j_1_b", "j_2_b"}));
  // A job's own parameter overrides the shared one of the same name.
  const std::string own = "  - {name: 'j_{x}_{y}', command: c, use_parameters: [x, y], parameters: {x: '[9]'}}\n";
  EXPECT_EQ(names(yaml(shared + own).jobs), (Texts{"j_9_a", "j_9_b"}));
}

TEST(WorkflowFileOnDisk, IsRecognizedByItsExtension) {
  const std::string directory = testing::TempDir();
  std::ofstream(directory + "/spec_test.yml") << "name: p\njobs: []\n";
  std::ofstream(directory + "/spec_test.json") << "{\"name\": \"p\", \"jobs\": []}";
  std::ofstream(directory + "/spec_test.JSON5") << "{name: 'p', jobs: [],}";
  EXPECT_EQ(read_workflow_file(directory + "/spec_test.yml").workflow.name, "p");
  EXPECT_EQ(read_workflow_file(directory + "/spec_test.JSON5").workflow.name, "p");
  EXPECT_EQ(read_workflow_file(directory + "/spec_test.json").workflow.name, "p");
}

TEST(WorkflowFileOnDisk, ReportsWhyItCannotBeRead) {
  const auto message = [](const std::string& path) -> std::string {
    try {
      read_workflow_file(path);
    } catch (const base::Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_EQ(message("/nowhere/wf.yaml"), "cannot open /nowhere/wf.yaml: No such file or directory");
  EXPECT_EQ(message("wf.txt"),
            "wf.txt: the format is not supported; a workflow file must end in .yaml, .yml, .json or .json5");
  EXPECT_EQ(message("wf.kdl"),
            "wf.kdl: the format is not supported yet; a workflow file must end in .yaml, .yml, .json or .json5");
}

TEST(WorkflowFile, InsertsPathsOfFilesIntoCommands) {
  const auto description = yaml(R"(
name: demo
files:
  - {name: "raw_{i}", path: "data/{i}.csv", parameters: {i: "1:2"}}
  - {name: sum, path: sum.txt}
jobs:
  - name: work_{i}
    command: tool -i ${files.input.raw_{i}} -o ${files.output.sum} -h ${HOME} -i ${files.input.raw_{i}} ${files.inp
    invocation_script: wrap.sh ${files.input.raw_1}
    parameters: {i: "2:2"}
)");
  ASSERT_EQ(description.jobs.size(), 1U);
  EXPECT_EQ(description.jobs[0].command, "tool -i data/2.csv -o sum.txt -h ${HOME} -i data/2.csv ${files.inp");
  EXPECT_EQ(description.jobs[0].invocation_script, "wrap.sh data/1.csv");
  EXPECT_EQ(description.jobs[0].input_files, (Texts{"raw_2", "raw_1"}));
  EXPECT_EQ(description.jobs[0].output_files, Texts{"sum"});
}

}  // namespace
}  // namespace torc::workflow_file
