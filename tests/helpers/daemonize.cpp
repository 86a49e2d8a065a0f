// daemonize PIDFILE [ignore-term]: starts a grandchild in its own session that outlives its parent, as daemons do. The
// grandchild writes its pid to PIDFILE and stays for a minute; the program ends once the file is written.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace {

int stay(const std::string& pid_file, bool ignore_term, int ready_fd) {
  if (ignore_term) {
    ::signal(SIGTERM, SIG_IGN);
  }
  const std::string temporary = pid_file + ".new";
  std::FILE* file = std::fopen(temporary.c_str(), "w");
  if (file == nullptr) {
    return 1;
  }
  std::fprintf(file, "%d\n", static_cast<int>(::getpid()));
  std::fclose(file);
  if (std::rename(temporary.c_str(), pid_file.c_str()) != 0) {
    return 1;
  }
  ::close(ready_fd);
  ::alarm(60);
  for (;;) {
    ::pause();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    return 2;
  }
  // End of file on this pipe means that the grandchild has written its file, or died.
  int ready[2];
  if (::pipe(ready) != 0) {
    return 1;
  }
  const pid_t child = ::fork();
  if (child > 0) {
    int status = 0;
    char none = 0;
    ::close(ready[1]);
    while (::read(ready[0], &none, 1) > 0) {
    }
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
  }
  if (child < 0 || ::setsid() < 0) {
    return 1;
  }
  const pid_t grandchild = ::fork();
  if (grandchild != 0) {
    ::_exit(grandchild > 0 ? 0 : 1);
  }
  return stay(argv[1], argc > 2 && std::strcmp(argv[2], "ignore-term") == 0, ready[1]);
}
