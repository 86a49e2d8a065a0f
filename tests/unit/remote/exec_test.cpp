#include "torc/remote/exec.hpp"

#include "local_worker.hpp"

namespace torc::remote {
namespace {

class ExecScript : public RemoteScripts {
 protected:
  ExecResult exec(const std::vector<std::string>& words) { return exec_on_worker(transport, worker, words); }
};

TEST_P(ExecScript, PassesWordsToTheProgramUnchanged) {
  transport.noise = "echo from a start file\n";
  const auto result = exec({"printf", "%s|", "a b", "$HOME", "it's", ";", ""});
  EXPECT_TRUE(result.reached) << result.message << transport.last.err;
  EXPECT_EQ(result.output, "a b|$HOME|it's|;||");
  EXPECT_EQ(result.exit_status, 0);
}

TEST_P(ExecScript, PassesASingleWordToTheShell) {
  EXPECT_EQ(exec({"cd /; pwd | tr / x; echo bad >&2"}).output, "x\nbad\n");
  EXPECT_EQ(exec({"true"}).output, "");
  EXPECT_TRUE(exec({"true"}).reached);
  EXPECT_EQ(exec({"cat"}).output, "") << "standard input is empty";
}

TEST_P(ExecScript, RemovesVariablesOfTheSession) {
  transport.variables = {"SSH_CLIENT=1", "SSH2_CLIENT=1",          "SSH_CONNECTION=1",  "SSH_TTY=1",
                         "SHLVL=0",      "SSH_ORIGINAL_COMMAND=1", "SSH_AUTH_SOCK=kept"};
  EXPECT_EQ(exec({"env | grep ^SSH"}).output, "SSH_AUTH_SOCK=kept\n");
  write_text(transport.home() / ".bashrc", "echo welcome; exit 0\n");
  EXPECT_EQ(exec({"bash", "-c", "echo done"}).output, "done\n");
}

TEST_P(ExecScript, ReportsTheExitStatus) {
  EXPECT_EQ(exec({"exit 7"}).exit_status, 7);
  EXPECT_EQ(exec({"kill -9 $$"}).exit_status, 137);
  EXPECT_EQ(exec({"/no/such/program", "x"}).exit_status, 127);
  EXPECT_EQ(exec({"echo '#torc-exec-end 0'; exit 3"}).exit_status, 3);
}

TEST_P(ExecScript, ReportsALostConnectionAsUnreachable) {
  transport.noise = "exit 255\n";
  const auto result = exec({"true"});
  EXPECT_FALSE(result.reached);
  EXPECT_NE(result.message, "");
}

INSTANTIATE_TEST_SUITE_P(Shells, ExecScript, testing::Values("dash", "bash", "busybox"), shell_name);

}  // namespace
}  // namespace torc::remote
