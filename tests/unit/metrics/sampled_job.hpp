#pragma once

#include <poll.h>
#include <sys/prctl.h>

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "torc/metrics/process_sampler.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::metrics {

inline bool wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) {
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

/// Makes this process a subreaper during a test.
class Subreaper {
 public:
  Subreaper() { proc::become_subreaper(); }
  Subreaper(const Subreaper&) = delete;
  Subreaper& operator=(const Subreaper&) = delete;
  ~Subreaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }
};

/// A shell command in its own session. The destructor ends all its processes.
class SampledJob {
 public:
  explicit SampledJob(const std::string& command, std::vector<std::string> env = {"PATH=/usr/bin:/bin"})
      : m_child(proc::Child::spawn({.argv = {"sh", "-c", command}, .env = std::move(env), .new_session = true})) {}
  SampledJob(const SampledJob&) = delete;
  SampledJob& operator=(const SampledJob&) = delete;
  ~SampledJob() { proc::signal_descendants(m_child.pid(), SIGKILL); }

  pid_t leader() const { return m_child.pid(); }
  proc::Child& child() { return m_child; }
  /// Waits until it has ended, without reaping it.
  bool wait_for_end() {
    pollfd ended{m_child.end_fd(), POLLIN, 0};
    return ::poll(&ended, 1, 30'000) == 1;
  }

 private:
  proc::Child m_child;
};

/// The usage of a job according to the next pass.
inline JobUsage usage_of(ProcessSampler& sampler, pid_t leader) {
  for (const auto& usage : sampler.sample()) {
    if (usage.leader == leader) {
      return usage;
    }
  }
  ADD_FAILURE() << "no job of leader " << leader;
  return {};
}

}  // namespace torc::metrics
