#include "torc/proc/daemon.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

int status_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return base::k_exit_failure;
    }
  }
  const int code = ExitStatus::from_wait_status(status).return_code();
  // It ended before it was ready, so it has failed, whatever its status.
  return code == base::k_exit_ok ? base::k_exit_failure : code;
}

}  // namespace

Detached detach() {
  base::Pipe ready = base::Pipe::create();
  const pid_t child = ::fork();
  if (child < 0) {
    throw base::SystemError("cannot create a process");
  }
  Detached result;
  if (child > 0) {
    ready.write_end.reset();
    result.is_parent = true;
    result.exit_status = base::read_all(ready.read_end.get()).empty() ? status_of(child) : base::k_exit_ok;
    return result;
  }
  if (::setsid() < 0) {
    throw base::SystemError("cannot leave the session");
  }
  result.parent_waits = std::move(ready.write_end);
  return result;
}

void report_ready(Detached& detached) {
  const base::Fd nothing = base::open_file("/dev/null", O_RDWR);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::dup2(nothing.get(), fd) < 0) {
      throw base::SystemError("cannot leave the terminal");
    }
  }
  base::write_all(detached.parent_waits.get(), "1");
  detached.parent_waits.reset();
}

}  // namespace torc::proc
