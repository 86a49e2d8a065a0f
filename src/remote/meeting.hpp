#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace torc::remote {

/// Where the threads of a fan-out come together: whoever arrives last acts for all of them, then those that wait go on.
/// What a thread writes before it arrives, the action and those that go on may read.
class Meeting {
 public:
  Meeting(std::size_t count, std::function<void()> act) : m_missing(count), m_act(std::move(act)) {}

  /// To be called `count` times. What the action throws is kept for `rethrow`.
  void arrive() {
    const std::scoped_lock lock(m_mutex);
    if (--m_missing != 0) {
      return;
    }
    try {
      m_act();
    } catch (...) {
      m_error = std::current_exception();
    }
    m_over.notify_all();
  }

  /// Waits until all have arrived and the action is done. False where the others do not come within `patience`, which
  /// can only be for want of threads.
  bool wait(std::chrono::seconds patience) {
    std::unique_lock lock(m_mutex);
    return m_over.wait_for(lock, patience, [&] { return m_missing == 0; });
  }

  /// What the action threw, if it did. To be called when all threads have ended.
  void rethrow() const {
    if (m_error) {
      std::rethrow_exception(m_error);
    }
  }

 private:
  std::mutex m_mutex;
  std::condition_variable m_over;
  std::size_t m_missing;
  std::function<void()> m_act;
  std::exception_ptr m_error;
};

}  // namespace torc::remote
