// stop_on_signal: prints "ready", waits for a stop by a signal, prints "stopped N", then waits for another signal or
// the end of its standard input. With an argument, further signals ask for haste, and it prints "haste" at its end.
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "torc/proc/signals.hpp"

int main(int argc, char** /*argv*/) {
  ::alarm(60);
  using torc::proc::FurtherSignals;
  torc::proc::StopOnSignal stop({}, argc > 1 ? FurtherSignals::hasten : FurtherSignals::end_program);
  std::thread other([token = stop.token()] {
    // A thread made later must not get the signals either.
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait(lock, token, [] { return false; });
  });
  std::puts("ready");
  std::fflush(stdout);
  other.join();
  std::printf("stopped %d\n", stop.signal());
  std::fflush(stdout);
  char byte = 0;
  const bool at_end = ::read(STDIN_FILENO, &byte, 1) == 0;
  if (stop.haste().stop_requested()) {
    std::puts("haste");
  }
  return at_end ? 0 : 1;
}
