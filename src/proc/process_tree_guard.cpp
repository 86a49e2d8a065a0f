#include "torc/proc/process_tree_guard.hpp"

#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <thread>

#include "proc/grace.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::proc {
namespace {

using Clock = std::chrono::steady_clock;

/// Signals all descendants repeatedly until none is left or until `give_up`. @returns whether none is left
bool end_all(int number, Clock::time_point give_up) {
  for (;;) {
    bool alive = false;
    for (const pid_t pid : descendants(::getpid())) {
      if (!reap_orphan(pid)) {
        alive = true;
      }
    }
    if (!alive) {
      return true;
    }
    if (Clock::now() > give_up) {
      return false;
    }
    signal_descendants(::getpid(), number);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

}  // namespace

void end_processes_below() noexcept {
  try {
    if (children_of_this_process().empty()) {
      return;
    }
    if (!end_all(SIGTERM, Clock::now() + k_grace)) {
      end_all(SIGKILL, Clock::now() + k_grace);
    }
  } catch (const std::exception&) {
    // Out of memory or descriptors: nothing can be done.
  }
}

ProcessTreeGuard::ProcessTreeGuard() {
  become_subreaper();
}

ProcessTreeGuard::~ProcessTreeGuard() {
  end_processes_below();
}

}  // namespace torc::proc
