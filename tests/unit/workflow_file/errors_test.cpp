// Errors for invalid workflow files: place, key, cause, remedy.

#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

const std::string k_job_keys_text =
    "name, command, invocation_script, priority, resource_requirements, failure_handler, depends_on, "
    "depends_on_regexes, input_files, input_file_regexes, output_files, output_file_regexes, input_user_data, "
    "input_user_data_regexes, output_user_data, output_user_data_regexes, cancel_on_blocking_job_failure, "
    "supports_termination, stdio, parameters, parameter_mode, use_parameters";

class YamlError : public testing::TestWithParam<Case> {};

TEST_P(YamlError, NamesFileLineAndKey) {
  EXPECT_EQ(message_of(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    References, YamlError,
    testing::Values(
        Case{"unknown_file",
             "name: p\nfiles:\n  - {name: raw, path: x}\njobs:\n  - name: a\n    command: f ${files.input.rae}\n",
             "wf.yaml:6: 'command' names 'rae', which is not among the files (did you mean 'raw'?)"},
        Case{"unknown_user_data", "name: p\njobs:\n  - {name: a, command: 'f ${user_data.input.x}'}\n",
             "wf.yaml:3: 'command' names 'x', which is not among the user data records"},
        Case{"user_data_without_data",
             "name: p\nuser_data: [{name: x}]\njobs:\n  - {name: a, command: 'f ${user_data.output.x}'}\n",
             "wf.yaml:4: 'command' refers to the user data record 'x', which has no data in the file"},
        Case{"cycle",
             "name: p\nfiles:\n  - {name: x, path: x}\njobs:\n  - {name: a, command: 'f ${files.input.x} "
             "${files.output.x}'}\n",
             "wf.yaml:5: dependency cycle: a -> file x -> a (each depends on the next)"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Shape, YamlError,
    testing::Values(
        Case{"empty", "", "wf.yaml: the file is empty"}, Case{"blank", " \n\n", "wf.yaml: the file is empty"},
        Case{"comment_only", "# nothing\n", "wf.yaml: the file contains no workflow"},
        Case{"scalar", "hello\n", "wf.yaml:1: the workflow must be a map, found the text 'hello'"},
        Case{"list", "- a\n- b\n", "wf.yaml:1: the workflow must be a map, found a list"},
        Case{"two_documents", "name: a\njobs: []\n---\nname: b\n",
             "wf.yaml:3: the file contains more than one YAML document"},
        Case{"not_closed", "name: [a\njobs: b\n", "wf.yaml:2: invalid YAML: end of sequence flow not found"},
        Case{"tab", "name: p\njobs:\n\t- {name: a, command: b}\n",
             "wf.yaml:3: the indentation contains a tab; YAML requires spaces"},
        Case{"not_utf8", "name: p\ndescription: \"\xff\"\n", "wf.yaml:2: the file is not valid UTF-8 (byte 0xff)"},
        Case{"nul_byte", std::string("name: p\n\0", 9), "wf.yaml:2: the file contains a NUL byte"},
        Case{"nul_escape", "name: \"a\\0b\"\njobs: []\n", "wf.yaml:1: 'name' contains a NUL byte"},
        Case{"key_twice", "name: a\njobs: []\nname: b\n", "wf.yaml:3: the key 'name' appears twice in one map"},
        Case{"list_as_key", "[a, b]: c\n", "wf.yaml:1: a key must be a text, found a list or a map"},
        Case{"no_key", ": c\n", "wf.yaml:1: a key is missing before ':'"},
        Case{"unknown_anchor", "name: *x\njobs: []\n", "wf.yaml:1: invalid YAML: the referenced anchor is not defined"},
        Case{"own_alias", "name: p\njobs: &a\n  - *a\n", "wf.yaml:3: an alias refers to a value that contains it"},
        Case{"merge_of_text", "name: p\njobs:\n  - <<: x\n    name: a\n",
             "wf.yaml:3: '<<' must be a map or a list of maps, found the text 'x'"},
        Case{"foreign_tag", "name: !python p\njobs: []\n", "wf.yaml:1: the tag '!python' is not supported"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Keys, YamlError,
    testing::Values(
        Case{"no_name", "jobs: []\n", "wf.yaml:1: 'name' is missing in the workflow"},
        Case{"no_jobs", "name: p\n", "wf.yaml:1: 'jobs' is missing in the workflow"},
        Case{"blank_name", "name: ' '\njobs: []\n", "wf.yaml:1: 'name' must not be empty"},
        Case{"number_as_name", "name: 2024\njobs: []\n",
             "wf.yaml:1: 'name' must be a text, found the number 2024 (write it in quotes: \"2024\")"},
        Case{"not_yet", "name: p\njobs: []\nslurm_schedulers:\n  - name: s\n",
             "wf.yaml:3: 'slurm_schedulers' is not supported yet"},
        Case{"not_yet_in_job", "name: p\njobs:\n  - name: a\n    command: b\n    scheduler: s\n",
             "wf.yaml:5: 'scheduler' is not supported yet"},
        Case{"metadata_map", "name: p\njobs: []\nmetadata: {a: 1}\n",
             "wf.yaml:3: 'metadata' must be a text, found a map"},
        Case{"negative_minutes", "name: p\njobs: []\ncompute_node_wait_for_healthy_database_minutes: -1\n",
             "wf.yaml:3: 'compute_node_wait_for_healthy_database_minutes' must be at least 0, found -1"},
        Case{"misspelt", "name: p\njobs:\n  - name: a\n    comand: b\n",
             "wf.yaml:4: unknown key 'comand' in a job (did you mean 'command'?); allowed are " + k_job_keys_text},
        Case{"unknown_in_file", "name: p\njobs: []\nfiles: [{name: a, path: b, st_mtime: 1}]\n",
             "wf.yaml:3: unknown key 'st_mtime' in a file; allowed are name, path, parameters, parameter_mode, "
             "use_parameters"},
        Case{"no_command", "name: p\njobs:\n  - name: a\n", "wf.yaml:3: 'command' is missing in a job"},
        Case{"command_is_bool", "name: p\njobs:\n  - {name: a, command: true}\n",
             "wf.yaml:3: 'command' must be a text, found the boolean true (write it in quotes: \"true\")"},
        Case{"jobs_is_map", "name: p\njobs: {name: a}\n", "wf.yaml:2: 'jobs' must be a list, found a map"},
        Case{"job_is_text", "name: p\njobs: [a]\n", "wf.yaml:2: a job must be a map, found the text 'a'"},
        Case{"depends_on_is_text", "name: p\njobs:\n  - {name: a, command: b, depends_on: c}\n",
             "wf.yaml:3: 'depends_on' must be a list, found the text 'c'"},
        Case{"depends_on_number", "name: p\njobs:\n  - {name: a, command: b, depends_on: [1]}\n",
             "wf.yaml:3: 'depends_on' must be a text, found the number 1 (write it in quotes: \"1\")"},
        Case{"negative_priority", "name: p\njobs:\n  - name: a\n    command: b\n    priority: -1\n",
             "wf.yaml:5: 'priority' must be at least 0, found -1"},
        Case{"priority_text", "name: p\njobs:\n  - name: a\n    command: b\n    priority: '1'\n",
             "wf.yaml:5: 'priority' must be an integer of at most 64 bits, found the text '1'"},
        Case{"priority_too_large", "name: p\njobs:\n  - {name: a, command: b, priority: 9223372036854775808}\n",
             "wf.yaml:3: 'priority' must be an integer of at most 64 bits, found the number 9223372036854775808"},
        Case{"yes_is_no_boolean", "name: p\njobs:\n  - {name: a, command: b, supports_termination: yes}\n",
             "wf.yaml:3: 'supports_termination' must be true or false, found the text 'yes'"},
        Case{"parameter_mode", "name: p\njobs:\n  - {name: a, command: b, parameter_mode: zap}\n",
             "wf.yaml:3: 'parameter_mode' must be product or zip, found 'zap'"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Requirements, YamlError,
    testing::Values(
        Case{"memory", "name: p\njobs: []\nresource_requirements:\n  - name: r\n    num_cpus: 1\n    memory: 1q\n",
             "wf.yaml:6: 'memory' must be an amount such as \"512k\", \"100m\", \"2g\" or \"1t\", found '1q'"},
        Case{"no_memory", "name: p\njobs: []\nresource_requirements:\n  - {name: r, num_cpus: 1, memory: 0g}\n",
             "wf.yaml:4: 'memory' must be an amount such as \"512k\", \"100m\", \"2g\" or \"1t\", found '0g'"},
        Case{"runtime",
             "name: p\njobs: []\nresource_requirements:\n  - {name: r, num_cpus: 1, memory: 1g, runtime: 10m}\n",
             "wf.yaml:4: 'runtime' must be an ISO 8601 duration such as \"PT30M\", \"PT2H\" or \"P1DT12H\", found "
             "'10m'"},
        Case{"no_cpus", "name: p\njobs: []\nresource_requirements:\n  - {name: r, num_cpus: 0, memory: 1g}\n",
             "wf.yaml:4: 'num_cpus' must be at least 1, found 0"},
        Case{"twice",
             "name: p\njobs: []\nresource_requirements:\n  - {name: r, num_cpus: 1, memory: 1g}\n"
             "  - {name: r, num_cpus: 2, memory: 1g}\n",
             "wf.yaml:5: the resource requirement 'r' is there twice, first at wf.yaml:4"},
        Case{"name_of_the_server",
             "name: p\njobs: []\nresource_requirements:\n  - {name: default, num_cpus: 1, memory: 1g}\n",
             "wf.yaml:4: 'default' is reserved for the resource requirement of jobs without one; choose another name"},
        Case{"both_monitors", "name: p\njobs: []\nresource_monitor: {}\nresource_monitor_config: {}\n",
             "wf.yaml:4: 'resource_monitor' and 'resource_monitor_config' are the same: give one of them"},
        Case{"granularity", "name: p\njobs: []\nresource_monitor:\n  jobs: {granularity: fine}\n",
             "wf.yaml:4: 'granularity' must be summary or time_series, found 'fine'"},
        Case{"interval", "name: p\njobs: []\nresource_monitor: {sample_interval_seconds: 0}\n",
             "wf.yaml:3: 'sample_interval_seconds' must be at least 1, found 0"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Names, YamlError,
    testing::Values(
        Case{"job_twice", "name: p\njobs:\n  - {name: a, command: b}\n  - {name: a, command: c}\n",
             "wf.yaml:4: the job 'a' is there twice, first at wf.yaml:3"},
        Case{"job_twice_by_parameters", "name: p\njobs:\n  - {name: a, command: 'b {x}', parameters: {x: '1:2'}}\n",
             "wf.yaml:3: its parameters give two jobs the name 'a'; use all of them in 'name'"},
        Case{"file_twice", "name: p\njobs: []\nfiles: [{name: f, path: a},\n  {name: f, path: b}]\n",
             "wf.yaml:4: the file 'f' is there twice, first at wf.yaml:3"},
        Case{"no_such_job",
             "name: p\njobs:\n  - {name: prepare, command: b}\n  - {name: b, command: c, depends_on: [prepar]}\n",
             "wf.yaml:4: 'depends_on' names 'prepar', which is not among the jobs (did you mean 'prepare'?)"},
        Case{"no_such_file", "name: p\njobs:\n  - name: a\n    command: b\n    input_files:\n      - x\n      - y\n",
             "wf.yaml:6: 'input_files' names 'x', which is not among the files"},
        Case{"no_such_requirement", "name: p\njobs:\n  - name: a\n    command: b\n    resource_requirements: r\n",
             "wf.yaml:5: 'resource_requirements' names 'r', which does not exist"},
        Case{"bad_regex", "name: p\njobs:\n  - {name: a, command: b, depends_on_regexes: ['(x']}\n",
             "wf.yaml:3: 'depends_on_regexes': '(x' is not a valid regular expression: missing ): (x"},
        Case{"regex_without_match", "name: p\njobs:\n  - {name: a, command: b, depends_on_regexes: ['^x']}\n",
             "wf.yaml:3: 'depends_on_regexes': '^x' matches no job"},
        Case{"cycle",
             "name: p\njobs:\n  - {name: z, command: c}\n  - {name: a, command: c, depends_on: [b]}\n"
             "  - {name: b, command: c, depends_on: [a, z]}\n",
             "wf.yaml:4: dependency cycle: a -> b -> a (each depends on the next)"},
        Case{"cycle_to_itself", "name: p\njobs:\n  - {name: a, command: c, depends_on: [a]}\n",
             "wf.yaml:3: dependency cycle: a -> a (each depends on the next)"},
        Case{"cycle_through_files",
             "name: p\nfiles: [{name: f, path: f}, {name: g, path: g}]\njobs:\n"
             "  - {name: a, command: c, input_files: [f], output_files: [g]}\n"
             "  - {name: b, command: c, input_files: [g], output_files: [f]}\n",
             "wf.yaml:4: dependency cycle: a -> file f -> b -> file g -> a (each depends on the next)"},
        Case{"cycle_through_regex",
             "name: p\njobs:\n  - {name: a, command: c, depends_on: [b]}\n"
             "  - {name: b, command: c, depends_on_regexes: ['a|c']}\n",
             "wf.yaml:3: dependency cycle: a -> b -> a (each depends on the next)"}),
    label_of);

std::string with_parameter(const std::string& value) {
  return "name: p\njobs:\n  - name: 'a_{x}'\n    command: c\n    parameters: {x: " + value + "}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Parameters, YamlError,
    testing::Values(
        Case{"number", with_parameter("5"),
             "wf.yaml:5: the parameter 'x' must be a text such as \"1:10\" or \"[1,5]\", found the number 5"},
        Case{"native_list", with_parameter("[1, 2]"),
             "wf.yaml:5: the parameter 'x' must be a text such as \"1:10\" or \"[1,5]\", found a list"},
        Case{"empty", with_parameter("''"), "wf.yaml:5: parameter 'x': the parameter has no value"},
        Case{"empty_list", with_parameter("'[]'"), "wf.yaml:5: parameter 'x': the list '[]' is empty"},
        Case{"empty_range", with_parameter("'5:1'"), "wf.yaml:5: parameter 'x': the range '5:1' is empty"},
        Case{"zero_step", with_parameter("'1:5:0'"),
             "wf.yaml:5: parameter 'x': the step of the range '1:5:0' must not be zero"},
        Case{"four_parts", with_parameter("'1:2:3:4'"),
             "wf.yaml:5: parameter 'x': '1:2:3:4' is not a range (expected START:END or START:END:STEP)"},
        Case{"no_number", with_parameter("'a:b'"),
             "wf.yaml:5: parameter 'x': 'a' in the range 'a:b' is not a number (write a text with a colon as a list: "
             "\"['a:b']\")"},
        Case{"open_list", with_parameter("'[1,2'"), "wf.yaml:5: parameter 'x': the list '[1,2' does not end with ']'"},
        Case{"open_quote", with_parameter("\"['a,b]\""),
             "wf.yaml:5: parameter 'x': a quote is not closed in the list '['a,b]'"},
        Case{"missing_item", with_parameter("'[1,,2]'"),
             "wf.yaml:5: parameter 'x': a value is missing in the list '[1,,2]'"},
        Case{"nested_list", with_parameter("'[1,[2,3]]'"),
             "wf.yaml:5: parameter 'x': nested lists are not supported: '[1,[2,3]]'"},
        Case{"too_long", with_parameter("'1:100000000'"),
             "wf.yaml:5: parameter 'x': the range '1:100000000' has more than 1000000 values"},
        Case{"padded_real", "name: p\njobs:\n  - {name: 'a_{x:03d}', command: c, parameters: {x: '[0.5]'}}\n",
             "wf.yaml:3: '{x:03d}' requires integers, but the parameter 'x' has the value 0.5"},
        Case{"too_many_jobs",
             "name: p\njobs:\n  - {name: 'a_{x}_{y}', command: c, parameters: {x: '1:1001', y: '1:1000'}}\n",
             "wf.yaml:3: the workflow has more than 1000000 jobs"},
        Case{"zip_of_unequal",
             "name: p\njobs:\n  - {name: 'a_{x}', command: c, parameters: {x: '1:3', y: '1:2'}, parameter_mode: zip}\n",
             "wf.yaml:3: zip requires the same number of values for each parameter, but 'x' has 3 and 'y' has 2"},
        Case{"use_of_unknown",
             "name: p\nparameters: {x: '1:2'}\njobs:\n  - name: 'a_{x}'\n    command: c\n    use_parameters: [y]\n",
             "wf.yaml:6: 'use_parameters' names 'y', which is not among the workflow's parameters"},
        Case{"expanded_dangling",
             "name: p\njobs:\n  - {name: 'a_{i}', command: c, parameters: {i: '1:2'}}\n"
             "  - {name: 'b_{i}', command: c, depends_on: ['a_{i}'], parameters: {i: '1:3'}}\n",
             "wf.yaml:4: 'depends_on' names 'a_3', which is not among the jobs (did you mean 'a_1'?)"}),
    label_of);

class JsonError : public testing::TestWithParam<Case> {};

TEST_P(JsonError, NamesTheLineOfASyntaxErrorElseThePointer) {
  EXPECT_EQ(message_of(GetParam().text, Format::json, "wf.json"), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, JsonError,
    testing::Values(
        Case{"syntax", "{\n  \"name\": \"p\",\n  \"jobs\": [,]\n}",
             "wf.json:3: invalid JSON: unexpected ','; expected '[', '{', or a literal"},
        Case{"unfinished", "{\"name\": \"p\",\n",
             "wf.json:1: invalid JSON: unexpected end of input; expected string literal"},
        Case{"two_values", "{}\n{}", "wf.json:2: invalid JSON: unexpected '{'; expected end of input"},
        Case{"empty", "", "wf.json: the file is empty"}, Case{"null", "null", "wf.json: the file contains no workflow"},
        Case{"no_map", "[]", "wf.json: the workflow must be a map, found a list"},
        Case{"no_jobs", "{\"name\": \"p\"}", "wf.json: 'jobs' is missing in the workflow"},
        Case{"wrong_type", "{\"name\": \"p\", \"jobs\": [{\"name\": \"a\", \"command\": 5}]}",
             "wf.json: /jobs/0/command: 'command' must be a text, found the number 5 (write it in quotes: \"5\")"},
        Case{"unknown_key", "{\"name\": \"p\", \"jobs\": [], \"a/b~c\": 1}",
             "wf.json: /a~1b~0c: unknown key 'a/b~c' in the workflow; allowed are name, user, description, project, "
             "metadata, parameters, jobs, files, user_data, resource_requirements, failure_handlers, actions, "
             "resource_monitor, resource_monitor_config, execution_config, use_pending_failed, enable_ro_crate, "
             "compute_node_wait_for_new_jobs_seconds, compute_node_ignore_workflow_completion, "
             "compute_node_wait_for_healthy_database_minutes, compute_node_expiration_buffer_seconds"},
        Case{"not_yet", "{\"name\": \"p\", \"jobs\": [], \"slurm_defaults\": {}}",
             "wf.json: /slurm_defaults: 'slurm_defaults' is not supported yet"},
        Case{"deep_inside",
             "{\"name\": \"p\", \"jobs\": [], \"failure_handlers\": [{\"name\": \"h\", \"rules\": "
             "[{\"exit_codes\": [1, 300]}]}]}",
             "wf.json: /failure_handlers/0/rules/0/exit_codes/1: 'exit_codes' must be at most 255, found 300"},
        Case{"key_twice", "{\"name\": \"p\",\n \"name\": \"q\"}",
             "wf.json: /name: the key 'name' appears twice in one map"},
        Case{"dangling",
             "{\"name\": \"p\", \"jobs\": [{\"name\": \"a\", \"command\": \"c\"}, "
             "{\"name\": \"b\", \"command\": \"c\", "
             "\"depends_on\": [\"a\", \"x\"]}]}",
             "wf.json: /jobs/1/depends_on/1: 'depends_on' names 'x', which is not among the jobs"}),
    label_of);

}  // namespace
}  // namespace torc::workflow_file
