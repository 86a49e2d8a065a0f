#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

const std::string k_job = "\njobs: [{name: a, command: 'true'}]\n";

TEST(FailureHandlers, AreSentAsJsonText) {
  const auto description = yaml(R"(
name: p
failure_handlers:
  - name: h
    rules:
      - {exit_codes: [1, 137]}
      - {match_all_exit_codes: true, recovery_script: ./fix.sh, max_retries: 0}
  - {name: other, rules: [{exit_codes: [0], max_retries: 5}]}
jobs:
  - {name: "a_{i}", command: "true", failure_handler: "{i}", parameters: {i: "['h','other']"}}
  - {name: b, command: "true"}
)");
  ASSERT_EQ(description.failure_handlers.size(), 2U);
  EXPECT_EQ(description.failure_handlers[0].name, "h");
  EXPECT_EQ(description.failure_handlers[0].rules,
            R"([{"exit_codes":[1,137],"max_retries":3},)"
            R"({"match_all_exit_codes":true,"recovery_script":"./fix.sh","max_retries":0}])");
  EXPECT_EQ(description.failure_handlers[1].rules, R"([{"exit_codes":[0],"max_retries":5}])");
  EXPECT_EQ(description.jobs[0].failure_handler, "h");
  EXPECT_EQ(description.jobs[1].failure_handler, "other");
  EXPECT_EQ(description.jobs[2].failure_handler, std::nullopt);
}

class FailureHandlerError : public testing::TestWithParam<Case> {};

TEST_P(FailureHandlerError, NamesFileLineAndKey) {
  EXPECT_EQ(message_of(GetParam().text), GetParam().message);
}

std::string with_rule(const std::string& rule) {
  return "name: p\nfailure_handlers:\n  - name: h\n    rules:\n      - " + rule + k_job;
}

INSTANTIATE_TEST_SUITE_P(
    All, FailureHandlerError,
    testing::Values(
        Case{"unknown_key", "name: p\nfailure_handlers:\n  - {name: h, rule: []}" + k_job,
             "wf.yaml:3: unknown key 'rule' in a failure handler (did you mean 'rules'?); allowed are name, rules"},
        Case{"unknown_key_of_a_rule", with_rule("{exit_code: [1]}"),
             "wf.yaml:5: unknown key 'exit_code' in a rule of a failure handler (did you mean 'exit_codes'?); allowed "
             "are exit_codes, match_all_exit_codes, recovery_script, max_retries"},
        Case{"no_name", "name: p\nfailure_handlers:\n  - {rules: [{exit_codes: [1]}]}" + k_job,
             "wf.yaml:3: 'name' is missing in a failure handler"},
        Case{"no_rules", "name: p\nfailure_handlers:\n  - {name: h}" + k_job,
             "wf.yaml:3: 'rules' is missing in a failure handler"},
        Case{"no_exit_codes", with_rule("{max_retries: 1}"),
             "wf.yaml:5: a rule needs 'exit_codes', or 'match_all_exit_codes: true'"},
        Case{"exit_code_of_nothing", with_rule("{exit_codes: [1, 256]}"),
             "wf.yaml:5: 'exit_codes' must be at most 255, found 256"},
        Case{"exit_code_text", with_rule("{exit_codes: ['1']}"),
             "wf.yaml:5: 'exit_codes' must be an integer of at most 64 bits, found the text '1'"},
        Case{"exit_codes_number", with_rule("{exit_codes: 1}"),
             "wf.yaml:5: 'exit_codes' must be a list, found the number 1"},
        Case{"negative_retries", with_rule("{exit_codes: [1], max_retries: -1}"),
             "wf.yaml:5: 'max_retries' must be at least 0, found -1"},
        Case{"blank_script", with_rule("{exit_codes: [1], recovery_script: ' '}"),
             "wf.yaml:5: 'recovery_script' must not be empty"},
        Case{"twice",
             "name: p\nfailure_handlers:\n  - {name: h, rules: [{exit_codes: [1]}]}\n"
             "  - {name: h, rules: [{exit_codes: [2]}]}" +
                 k_job,
             "wf.yaml:4: the failure handler 'h' is there twice, first at wf.yaml:3"},
        Case{"no_such_handler",
             "name: p\nfailure_handlers: [{name: again, rules: [{exit_codes: [1]}]}]\njobs:\n  - name: a\n"
             "    command: b\n    failure_handler: agan\n",
             "wf.yaml:6: 'failure_handler' names 'agan', which does not exist (did you mean 'again'?)"}),
    label_of);

}  // namespace
}  // namespace torc::workflow_file
