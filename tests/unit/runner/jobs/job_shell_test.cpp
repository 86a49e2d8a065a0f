// The shell that runs command lines, on machines with and without bash.
#include "runner/jobs/job_shell.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

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
  EXPECT_EQ(error_of("fish"),
            "the shell 'fish' for jobs is not a program that can be started here; install it, or change --shell or the "
            "worker's setting shell=");
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
  for (const char* other : {"zsh", "/opt/wrapper", "bash2"}) {
    EXPECT_FALSE(JobShell{.program = other}.is_known()) << other;
  }
}

}  // namespace
}  // namespace torc::runner
