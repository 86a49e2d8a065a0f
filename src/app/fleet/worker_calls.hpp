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

/// What came of a call: one of the first two, or why there is neither.
struct WorkerAnswer {
  std::optional<remote::WorkerState> state{};
  std::optional<remote::StartResult> start{};
  std::string error{};
};

/// Calls to workers that nobody waits for: made by threads of its own, so many at once, one at a time for each worker.
/// The first one begun comes first.
///
/// Thread-safety: one thread uses it. Its end waits for the calls under way, which should be told to end before, and
/// forgets the others.
class WorkerCalls {
 public:
  using Call = std::function<WorkerAnswer()>;

  /// @param width  Calls at once, at least 1.
  explicit WorkerCalls(std::size_t width) : m_width(width) {}
  WorkerCalls(const WorkerCalls&) = delete;
  WorkerCalls& operator=(const WorkerCalls&) = delete;
  ~WorkerCalls();

  /// Whether a call to this worker was begun and its answer not yet taken.
  bool is_under_way(std::size_t worker) const { return m_under_way.contains(worker); }

  /// To be called while none is under way for it. An exception of `call` becomes `WorkerAnswer::error`.
  /// @throws base::Error where not one thread can be had
  void begin(std::size_t worker, Call call);

  /// The answers that came since the last time, by worker.
  std::map<std::size_t, WorkerAnswer> take();

 private:
  void work(const std::stop_token& stop);

  std::size_t m_width;
  std::set<std::size_t> m_under_way{};
  std::mutex m_mutex{};
  std::condition_variable_any m_news{};
  std::deque<std::pair<std::size_t, Call>> m_waiting{};  ///< Under m_mutex, as are the two below.
  std::map<std::size_t, WorkerAnswer> m_answers{};
  std::size_t m_idle{0};                  ///< Threads with nothing to do.
  std::vector<std::jthread> m_threads{};  ///< Last: they end before what they use.
};

}  // namespace torc::app
