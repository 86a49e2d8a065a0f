#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <utility>

namespace torc::remote {

/// A barrier for the threads of a fan-out: the last thread to arrive runs an action for all of them, then the waiting
/// threads continue. The action and the continuing threads may read what any thread wrote before it arrived.
class Barrier {
 public:
  Barrier(std::size_t count, std::function<void()> act) : m_missing(count), m_act(std::move(act)) {}

  /// Must be called `count` times. An exception of the action is kept for `rethrow`.
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
    m_released.notify_all();
  }

  /// Waits until all have arrived and the action has run. @returns false if the others do not arrive within `timeout`,
  /// which can only happen if threads could not be created
  bool wait(std::chrono::seconds timeout) {
    std::unique_lock lock(m_mutex);
    return m_released.wait_for(lock, timeout, [&] { return m_missing == 0; });
  }

  /// Throws the exception of the action, if there was one. Call this after all threads have ended.
  void rethrow() const {
    if (m_error) {
      std::rethrow_exception(m_error);
    }
  }

 private:
  std::mutex m_mutex;
  std::condition_variable m_released;
  std::size_t m_missing;
  std::function<void()> m_act;
  std::exception_ptr m_error;
};

}  // namespace torc::remote
