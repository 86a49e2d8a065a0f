#include "unit/workflow_file/parsed.hpp"

namespace torc::workflow_file {
namespace {

using Json = nlohmann::json;

TEST(UserData, IsAnyJson) {
  const auto description = yaml(R"(
name: p
user_data:
  - {name: u, data: {k: [1, 2.5, true, null, 'it''s', 18446744073709551615, 1e3]}, is_ephemeral: true}
  - {name: nothing}
  - {name: none, data: null, is_ephemeral: false}
  - {name: text, data: '5'}
  - {name: list, data: []}
jobs: []
)");
  ASSERT_EQ(description.user_data.size(), 5U);
  EXPECT_EQ(description.user_data[0].name, "u");
  EXPECT_EQ(description.user_data[0].data,
            Json::parse(R"({"k": [1, 2.5, true, null, "it's", 18446744073709551615, 1000.0]})"));
  EXPECT_EQ(description.user_data[0].is_ephemeral, true);
  EXPECT_EQ(description.user_data[1].data, std::nullopt);
  EXPECT_EQ(description.user_data[1].is_ephemeral, std::nullopt);
  EXPECT_EQ(description.user_data[2].data, std::nullopt);
  EXPECT_EQ(description.user_data[2].is_ephemeral, false);
  EXPECT_EQ(description.user_data[3].data, Json("5"));
  EXPECT_EQ(description.user_data[4].data, Json::array());
}

TEST(UserData, IsExpandedByParameters) {
  const auto description = yaml(R"(
name: p
parameters: {i: "1:2"}
user_data:
  - {name: "u_{i}", data: {"k{i}": ["v {i:02d}", 7]}, use_parameters: [i]}
jobs:
  - {name: "a_{i}", command: x, input_user_data: ["u_{i}"], use_parameters: [i]}
)");
  ASSERT_EQ(description.user_data.size(), 2U);
  EXPECT_EQ(description.user_data[1].name, "u_2");
  EXPECT_EQ(description.user_data[1].data, Json::parse(R"({"k{i}": ["v 02", 7]})"));
  EXPECT_EQ(description.jobs[1].input_user_data, Texts{"u_2"});
}

TEST(Regexes, AddToTheListsOfFilesAndUserData) {
  const auto description = yaml(R"(
name: p
files: [{name: f1, path: a}, {name: f2, path: b}, {name: g1, path: c}]
user_data: [{name: u1}, {name: u2}, {name: v1}]
jobs:
  - {name: first, command: x, output_file_regexes: [^f], output_user_data_regexes: [^u]}
  - name: second_{i}
    command: x
    input_files: [f2]
    input_file_regexes: ["^f", "{i}$"]
    input_user_data: [v1]
    input_user_data_regexes: ["^[uv]{i}$", "2"]
    parameters: {i: "1:1"}
)");
  EXPECT_EQ(description.jobs[0].output_files, (Texts{"f1", "f2"}));
  EXPECT_EQ(description.jobs[0].output_user_data, (Texts{"u1", "u2"}));
  EXPECT_EQ(description.jobs[1].input_files, (Texts{"f2", "f1", "g1"}));
  EXPECT_EQ(description.jobs[1].input_user_data, (Texts{"v1", "u1", "u2"}));
}

TEST(UserData, IsInsertedIntoCommandsAsJson) {
  const auto description = yaml(R"(
name: p
user_data: [{name: u, data: {k: [1, "é"], a: 1.0}}, {name: "t_{i}", data: "x{i}", parameters: {i: "1:2"}}]
jobs:
  - name: a
    command: f '${user_data.input.u}' ${user_data.output.t_1}
    invocation_script: g ${user_data.input.t_2}
)");
  EXPECT_EQ(description.jobs[0].command, R"(f '{"a":1.0,"k":[1,"é"]}' "x1")");
  EXPECT_EQ(description.jobs[0].invocation_script, R"(g "x2")");
  EXPECT_EQ(description.jobs[0].input_user_data, (Texts{"u", "t_2"}));
  EXPECT_EQ(description.jobs[0].output_user_data, Texts{"t_1"});
}

class UserDataError : public testing::TestWithParam<Case> {};

TEST_P(UserDataError, NamesFileLineAndKey) {
  EXPECT_EQ(message_of(GetParam().text), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, UserDataError,
    testing::Values(
        Case{"unknown_key", "name: p\njobs: []\nuser_data:\n  - {name: u, value: 1}\n",
             "wf.yaml:4: unknown key 'value' in a user data record; allowed are name, data, is_ephemeral, parameters, "
             "parameter_mode, use_parameters"},
        Case{"no_name", "name: p\njobs: []\nuser_data:\n  - {data: 1}\n",
             "wf.yaml:4: 'name' is missing in a user data record"},
        Case{"twice", "name: p\njobs: []\nuser_data:\n  - {name: u}\n  - {name: u}\n",
             "wf.yaml:5: the user data record 'u' is there twice, first at wf.yaml:4"},
        Case{"twice_by_parameters", "name: p\njobs: []\nuser_data:\n  - {name: u, parameters: {i: '1:2'}}\n",
             "wf.yaml:4: its parameters give two user data records the name 'u'; use all of them in 'name'"},
        Case{"too_large", "name: p\njobs: []\nuser_data:\n  - name: u\n    data:\n      - 1e999\n",
             "wf.yaml:6: the number 1e999 is too large, or cannot be represented in JSON"},
        Case{"nul", "name: p\njobs: []\nuser_data:\n  - {name: u, data: {k: \"\\0\"}}\n",
             "wf.yaml:4: 'data' contains a NUL byte"},
        Case{"no_such_record",
             "name: p\nuser_data: [{name: table}]\njobs:\n  - {name: a, command: x, input_user_data: [tabel]}\n",
             "wf.yaml:4: 'input_user_data' names 'tabel', which is not among the user data records (did you mean "
             "'table'?)"},
        Case{"no_match", "name: p\njobs:\n  - {name: a, command: x, output_user_data_regexes: [b]}\n",
             "wf.yaml:3: 'output_user_data_regexes': 'b' matches no user data record"},
        Case{"no_matching_file", "name: p\njobs:\n  - {name: a, command: x, input_file_regexes: [b]}\n",
             "wf.yaml:3: 'input_file_regexes': 'b' matches no file"},
        Case{"cycle",
             "name: p\nfiles: [{name: f, path: f}]\nuser_data: [{name: u}]\njobs:\n"
             "  - {name: a, command: x, input_user_data: [u], output_files: [f]}\n"
             "  - {name: b, command: x, input_files: [f], output_user_data_regexes: [u]}\n",
             "wf.yaml:5: dependency cycle: a -> user data record u -> b -> file f -> a (each depends on the next)"}),
    label_of);

}  // namespace
}  // namespace torc::workflow_file
