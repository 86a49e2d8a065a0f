// use_resources CPU_SECONDS [MEGABYTES]: uses that much CPU time, then ends. With MEGABYTES, it first allocates and
// touches that much memory and holds it for a minute.
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <vector>

namespace {

double cpu_seconds() {
  std::timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    return 2;
  }
  ::alarm(60);
  std::vector<char> memory;
  if (argc > 2) {
    memory.assign(std::strtoul(argv[2], nullptr, 10) * 1024 * 1024, 'x');
  }
  const double wanted = std::strtod(argv[1], nullptr);
  while (cpu_seconds() < wanted) {
  }
  if (argc > 2) {
    for (;;) {
      ::pause();
    }
  }
  return 0;
}
