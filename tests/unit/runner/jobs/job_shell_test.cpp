// The shell that runs command lines, on machines with and without bash.
#include "runner/jobs/job_shell.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "support/environment.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"

namespace torc::runner {
namespace {

using support::TempDir;

/// A directory as PATH with programs of these names.
class JobShells : public ::testing::Test {
 protected:
  void have(const char* name) { std::filesystem::create_symlink("/bin/true", m_directory.path() / name); }
  std::string error_of(const std::string& wanted) {
    try {
      return choose_shell(wanted).program;
    } catch (const base::Error& error) {
      return error.what();
    }
  }

  TempDir m_directory;
  support::EnvironmentVariable m_path{"PATH", m_directory.path().string()};
};

TEST_F(JobShells, AreBashIfThereIsOne) {
  have("sh");
  have("bash");
  EXPECT_EQ(choose_shell("").program, "bash");
  EXPECT_FALSE(choose_shell("").replaces_bash);
}

TEST_F(JobShells, AreShWithoutBash) {
  have("sh");
  EXPECT_EQ(choose_shell("").program, "sh");
  EXPECT_TRUE(choose_shell("").replaces_bash);
}

TEST_F(JobShells, AreAsTheUserWants) {
  have("zsh");
  EXPECT_EQ(choose_shell("zsh").program, "zsh");
  EXPECT_FALSE(choose_shell("zsh").replaces_bash);
  EXPECT_EQ(choose_shell("/bin/sh").program, "/bin/sh");
}

TEST_F(JobShells, ArePathsFromTheHomeOrTheStartDirectory) {
  have("zsh");
  const support::EnvironmentVariable home("HOME", m_directory.path().string());
  EXPECT_EQ(choose_shell("~/zsh").program, m_directory.file("zsh"));
  const auto relative = std::filesystem::relative(m_directory.path() / "zsh").string();
  EXPECT_TRUE(std::filesystem::path(choose_shell("./" + relative).program).is_absolute());
}

TEST_F(JobShells, AreRefusedWithTheCauseIfTheyCannotBeStarted) {
  const auto refusal = [](const std::string& shell, const std::string& cause) {
    return "the shell '" + shell + "' cannot run jobs: " + cause +
           "; choose another with --shell, or shell= in the worker file";
  };
  EXPECT_EQ(error_of("fish"), refusal("fish", "it is not in PATH"));
  std::filesystem::create_directory(m_directory.path() / "zsh");
  EXPECT_EQ(error_of("zsh"), refusal("zsh", "it is not in PATH")) << "a directory";
  const std::string directory = m_directory.file("zsh");
  EXPECT_EQ(error_of(directory), refusal(directory, "cannot execute " + directory + ": Permission denied"));
  const std::string script = m_directory.file("script");
  std::ofstream(script) << "#!/no/such/interpreter\n";
  EXPECT_EQ(error_of(script), refusal(script, "cannot execute " + script + ": Permission denied"));
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  EXPECT_EQ(error_of(script), refusal(script, "cannot execute " + script + ": No such file or directory"));
}

TEST_F(JobShells, AreNamedIfThereAreNone) {
  EXPECT_EQ(error_of(""),
            "PATH contains neither bash nor sh, one of which must run the command lines of jobs; set PATH, or name a "
            "shell with --shell");
}

TEST_F(JobShells, StartPlainCommandsThemselvesUnlessTheyAreKnown) {
  for (const char* known : {"bash", "sh", "/bin/dash", "/usr/bin/bash"}) {
    EXPECT_TRUE(JobShell{.program = known}.is_known()) << known;
  }
  for (const char* other : {"zsh", "/opt/wrapper", "bash2", "/opt/container/bash", "/bin/../opt/bash"}) {
    EXPECT_FALSE(JobShell{.program = other}.is_known()) << other;
  }
}

}  // namespace
}  // namespace torc::runner
