// stop_on_signal: prints "ready", waits for a stop by a signal, prints "stopped N", then waits for another signal or
// the end of its standard input. With an argument, further signals request kill_now: it waits for that and prints
// "haste".
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <stop_token>
#include <thread>

#include "torc/proc/signals.hpp"

namespace {

void wait_for(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  changed.wait(lock, token, [] { return false; });
}

}  // namespace

int main(int argc, char** /*argv*/) {
  ::alarm(60);
  using torc::proc::FurtherSignals;
  torc::proc::StopOnSignal stop({}, argc > 1 ? FurtherSignals::request_kill : FurtherSignals::end_program);
  // A thread that is started later must not get the signals either.
  std::thread other([token = stop.token()] { wait_for(token); });
  std::puts("ready");
  std::fflush(stdout);
  other.join();
  std::printf("stopped %d\n", stop.signal());
  std::fflush(stdout);
  if (argc > 1) {
    wait_for(stop.kill_now());
    std::puts("haste");
    std::fflush(stdout);
  }
  char byte = 0;
  return ::read(STDIN_FILENO, &byte, 1) == 0 ? 0 : 1;
}
