#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "torc/remote/start.hpp"
#include "torc/remote/state.hpp"

namespace torc::app {

/// The result of a call: a state, a start, or the error that prevented both.
struct WorkerAnswer {
  std::optional<remote::WorkerState> state{};
  std::optional<remote::StartResult> start{};
  std::string error{};
};

/// Makes calls to workers in the background, in up to `width` separate threads, with at most one call per worker at a
/// time. Calls are made in the order of `begin`.
///
/// Not thread-safe. The destructor waits for running calls, which should have been canceled before, and drops the
/// others.
class WorkerCalls {
 public:
  using Call = std::function<WorkerAnswer()>;

  /// @param width  Maximum number of simultaneous calls, at least 1.
  explicit WorkerCalls(std::size_t width) : m_width(width) {}
  WorkerCalls(const WorkerCalls&) = delete;
  WorkerCalls& operator=(const WorkerCalls&) = delete;
  ~WorkerCalls();

  /// Whether a call to this worker was begun and its answer has not been taken yet.
  bool is_under_way(std::size_t worker) const { return m_under_way.contains(worker); }

  /// Begins a call; must not be called while one is under way for the worker. An exception of `call` becomes
  /// `WorkerAnswer::error`.
  /// @throws base::Error if not even one thread can be started
  void begin(std::size_t worker, Call call);

  /// The answers that have arrived since the last call, by worker.
  std::map<std::size_t, WorkerAnswer> take();

 private:
  void work(const std::stop_token& stop);

  std::size_t m_width;
  std::set<std::size_t> m_under_way{};
  std::mutex m_mutex{};
  std::condition_variable_any m_news{};
  std::deque<std::pair<std::size_t, Call>> m_waiting{};  ///< Under m_mutex, as are the next two members.
  std::map<std::size_t, WorkerAnswer> m_answers{};
  std::size_t m_idle{0};                  ///< Number of idle threads.
  std::vector<std::jthread> m_threads{};  ///< Last, so that they end before the members that they use are destroyed.
};

}  // namespace torc::app
