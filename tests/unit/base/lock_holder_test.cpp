#include "torc/base/lock_holder.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"

namespace torc::base {
namespace {

/// A process that holds a lock and waits to be killed.
class Holder {
 public:
  explicit Holder(const std::function<bool()>& take) {
    Pipe pipe = Pipe::create();
    m_pid = ::fork();
    if (m_pid == 0) {
      const char word = take() ? '+' : '-';
      static_cast<void>(::write(pipe.write_end.get(), &word, 1));
      ::pause();
      ::_exit(0);
    }
    char word = 0;
    EXPECT_EQ(::read(pipe.read_end.get(), &word, 1), 1);
    EXPECT_EQ(word, '+');
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;
  ~Holder() {
    ::kill(m_pid, SIGKILL);
    ::waitpid(m_pid, nullptr, 0);
  }

  pid_t pid() const { return m_pid; }

 private:
  pid_t m_pid{0};
};

std::vector<pid_t> pids(const std::string& path) {
  std::vector<pid_t> result;
  for (const auto& holder : lock_holders(path)) {
    EXPECT_NE(holder.command, "");
    result.push_back(holder.pid);
  }
  return result;
}

bool lock_range(int fd, int command) {
  struct flock lock {};
  lock.l_type = F_RDLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = 120;
  lock.l_len = 1;
  return ::fcntl(fd, command, &lock) == 0;
}

TEST(LockHolderTest, NamesTheProcessThatHoldsALockOfAnyKind) {
  const support::TempDir dir;
  const std::string path = dir / "file";
  write_file_atomically(path, "process 1\n");
  EXPECT_TRUE(lock_holders(path).empty());
  EXPECT_TRUE(lock_holders(dir / "none").empty());
  const auto open = [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); };
  {
    const Holder holder{[&] { return ::flock(open(), LOCK_EX) == 0; }};
    EXPECT_EQ(pids(path), std::vector{holder.pid()});
    EXPECT_NE(describe(lock_holders(path)).find("process " + std::to_string(holder.pid()) + " ("), std::string::npos);
  }
  {
    const Holder holder{[&] { return lock_range(open(), F_SETLK); }};
    EXPECT_EQ(pids(path), std::vector{holder.pid()});
  }
  {
    const Holder holder{[&] { return lock_range(open(), F_OFD_SETLK); }};
    EXPECT_EQ(pids(path), std::vector{holder.pid()});
  }
  EXPECT_TRUE(lock_holders(path).empty()) << "a dead process must not be named";
}

TEST(LockHolderTest, NamesAProcessThatInheritedAFlock) {
  const support::TempDir dir;
  const std::string path = dir / "file";
  write_file_atomically(path, "");
  Fd file = open_file(path, O_RDWR);
  ASSERT_EQ(::flock(file.get(), LOCK_EX), 0);
  const Holder heir{[] { return true; }};
  file.reset();
  // /proc/locks names this living process, which took the lock; but the child that inherited it holds it.
  const auto found = pids(path);
  EXPECT_NE(std::find(found.begin(), found.end(), heir.pid()), found.end());
}

}  // namespace
}  // namespace torc::base
