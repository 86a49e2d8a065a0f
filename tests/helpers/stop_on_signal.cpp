// stop_on_signal: prints "ready", waits for a stop by a signal, prints "stopped N", then waits for another signal or
// the end of its standard input.
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "torc/proc/signals.hpp"

int main() {
  ::alarm(60);
  torc::proc::StopOnSignal stop;
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
  return ::read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
