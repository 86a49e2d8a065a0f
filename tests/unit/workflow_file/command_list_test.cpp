#include "torc/workflow_file/command_list.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "torc/base/error.hpp"

namespace torc::workflow_file {
namespace {

using Texts = std::vector<std::string>;

Texts commands_of(const std::vector<JobDescription>& jobs) {
  Texts result;
  for (const auto& job : jobs) {
    result.push_back(job.command);
  }
  return result;
}

Texts expanded(const std::string& line, const Texts& parameters, Link link = Link::product) {
  return commands_of(expand_commands({{.line = line}}, parameters, link));
}

Texts words(Texts words, const Texts& parameters = {}) {
  return commands_of(expand_commands({{.words = std::move(words)}}, parameters, Link::product));
}

/// The usage error (exit status 2), or "" if there is none.
std::string refusal(const std::string& line, const Texts& parameters, Link link = Link::product) {
  try {
    expanded(line, parameters, link);
  } catch (const base::UsageError& error) {
    return error.what();
  }
  return "";
}

/// A temporary file.
class TextFile {
 public:
  explicit TextFile(const std::string& text)
      : m_path(testing::TempDir() + "command_list_" + testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::ofstream(m_path, std::ios::binary) << text;
  }
  ~TextFile() { std::filesystem::remove(m_path); }

  const std::string& path() const { return m_path; }

 private:
  std::string m_path;
};

TEST(CommandLines, IgnoreBlankLinesAndComments) {
  EXPECT_EQ(parse_command_lines("# all\n\n  echo a  \r\n\techo b # c\n   # d\nlast"),
            (Texts{"echo a", "echo b # c", "last"}));
  EXPECT_EQ(parse_command_lines("\xEF\xBB\xBF# mark\nx\n"), Texts{"x"});
  EXPECT_EQ(parse_command_lines(""), Texts{});
  EXPECT_EQ(parse_command_lines("\n#\n"), Texts{});
}

TEST(ExpandCommands, NumbersJobsOverAllCommands) {
  const auto jobs = expand_commands({{.line = "a {p}"}, {.line = "b"}}, {"p=1:2"}, Link::product);
  EXPECT_EQ(commands_of(jobs), (Texts{"a 1", "a 2", "b", "b"}));
  EXPECT_EQ(jobs.front().name, "job1");
  EXPECT_EQ(jobs.back().name, "job4");
}

TEST(ExpandCommands, JoinsParametersByProductOrZip) {
  const Texts parameters{"p=1:2", "q=[a,b]"};
  EXPECT_EQ(expanded("{p}{q}", parameters), (Texts{"1a", "1b", "2a", "2b"}));
  EXPECT_EQ(expanded("{p}{q}", parameters, Link::zip), (Texts{"1a", "2b"}));
  EXPECT_EQ(refusal("{p}{q}", {"p=1:3", "q=[a,b]"}, Link::zip),
            "--link zip: zip requires the same number of values for each parameter, but 'p' has 3 and 'q' has 2");
}

TEST(ExpandCommands, AcceptsEveryKindOfValue) {
  EXPECT_EQ(expanded("x {p:03d}", {" p = 8:10 "}), (Texts{"x 008", "x 009", "x 010"}));
  EXPECT_EQ(expanded("x {p}", {"p=0:1:0.5"}), (Texts{"x 0", "x 0.5", "x 1"}));
  EXPECT_EQ(expanded("x {p}", {"p=hello world"}), Texts{"x hello world"});
  EXPECT_EQ(expanded("x {p}", {"p=a=b"}), Texts{"x a=b"});
  EXPECT_EQ(expanded("x{p}", {"p="}), Texts{"x"});
}

TEST(ExpandCommands, UsesValuesOfAFileUnchanged) {
  const TextFile file("# ids\n007\n\n 1.10 \nit's\n");
  EXPECT_EQ(expanded("{p}", {"p=@" + file.path()}), (Texts{"007", "1.10", "it's"}));
  const TextFile numbers("7\n12\n");
  EXPECT_EQ(expanded("{p:03d}", {"p=@" + numbers.path()}), (Texts{"007", "012"}));
}

TEST(ExpandCommands, NamesAFileThatIsEmptyOrMissing) {
  const TextFile file("# nothing\n");
  EXPECT_EQ(refusal("{p}", {"p=@" + file.path()}), "--param p: " + file.path() + ": the file contains no values");
  try {
    expanded("{p}", {"p=@/no/such/file"});
    FAIL() << "a missing file was read";
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "--param p: cannot open /no/such/file: No such file or directory");
    EXPECT_EQ(error.exit_code(), base::k_exit_failure);
  }
}

TEST(ExpandCommands, QuotesWordsAfterInsertingValues) {
  EXPECT_EQ(words({"echo", "a b", "it's", "$HOME", ""}), Texts{R"(echo 'a b' 'it'\''s' '$HOME' '')"});
  EXPECT_EQ(words({"wc", "{f}"}, {"f=['a b',c]"}), (Texts{"wc 'a b'", "wc c"}));
  EXPECT_EQ(words({"awk", "{print}", "f"}), Texts{"awk '{print}' f"});
}

TEST(ExpandCommands, RefusesAPlaceholderWithoutParameter) {
  EXPECT_EQ(refusal("run {lr} {sede}", {"lr=1", "seed=1:3"}),
            "unknown placeholder '{sede}' in the command 'run {lr} {sede}': parameters are {lr}, {seed}; formats are "
            "{name:03d} and {name:.4f}. To pass it to the command unchanged, put it in quotes.");
  EXPECT_NE(refusal("echo {p}", {}).find("--param NAME=VALUE"), std::string::npos);
  EXPECT_NE(refusal("echo {p:5d}", {"p=1"}).find("{p:5d}"), std::string::npos);
  EXPECT_NE(refusal("echo 'a'{p}", {}), "");
}

TEST(ExpandCommands, DoesNotChangeOtherBraces) {
  for (const char* line : {"awk '{print}' f", "echo \"{x}\"", "echo ${HOME}", "f() { ls; }; f", "echo {a,b} {1..3}",
                           "find . -exec wc {} +", "curl -w %{http_code} u", "git log main@{upstream}",
                           "exec {fd}>file", "echo \\{x}", "cat <<E\n{x}\nE\n", "{", "}", "echo {x"}) {
    EXPECT_EQ(expanded(line, {"p=1"}), Texts{line});
  }
}

TEST(ExpandCommands, RefusesInvalidParameters) {
  EXPECT_EQ(refusal("x", {"p"}), "--param: 'p' is not NAME=VALUE");
  EXPECT_EQ(refusal("x", {"=3"}), "--param: '=3' is not NAME=VALUE");
  EXPECT_EQ(refusal("x", {"a{b=3"}), "--param: 'a{b' is not a valid parameter name");
  EXPECT_EQ(refusal("x", {"p=1", "p=2"}), "--param p: given twice");
  EXPECT_EQ(refusal("x", {"p=5:1"}), "--param p: the range '5:1' is empty");
  EXPECT_NE(refusal("x", {"p=http://x"}).find("write a text with a colon as a list"), std::string::npos);
  EXPECT_NE(refusal("x {p:03d}", {"p=0.5"}), "");
}

TEST(ExpandCommands, RefusesInvalidCommands) {
  EXPECT_EQ(refusal("", {}), "a command is empty");
  EXPECT_EQ(refusal(" \t", {}), "a command is empty");
  EXPECT_EQ(refusal("{p}", {"p="}), "a command is empty");
  EXPECT_EQ(refusal("echo \xff", {}), "the command 'echo \\xff' is not valid UTF-8");
  EXPECT_EQ(refusal(std::string("a\0b", 3), {}), "the command 'a\\x00b' contains a NUL byte");
}

TEST(ExpandCommands, LimitsTheNumberOfJobs) {
  EXPECT_NE(refusal("{p}{q}{r}", {"p=1:1000", "q=1:1000", "r=1:1000"}).find("more than 1000000 jobs"),
            std::string::npos);
  EXPECT_THROW(expand_commands({{.line = "a"}, {.line = "b"}}, {"p=1:600000"}, Link::product), base::UsageError);
}

}  // namespace
}  // namespace torc::workflow_file
