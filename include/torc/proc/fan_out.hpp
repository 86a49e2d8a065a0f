#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <type_traits>
#include <vector>

namespace torc::proc {

/// Calls `task(index)` for 0 .. count-1 on at most `width` threads, including the caller's, and returns when all calls
/// have ended. Indexes are assigned in order.
///
/// If fewer threads can be created, fewer are used. After the first exception, no more calls are made, and it is
/// rethrown when the calls in progress have ended; later exceptions are dropped. A task should return its own failures
/// as values, not as exceptions.
template <typename Task>
void for_each_index(std::size_t count, std::size_t width, Task&& task) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr first_error;
  std::mutex error_mutex;
  const auto work = [&] {
    for (std::size_t index = next.fetch_add(1); index < count; index = next.fetch_add(1)) {
      try {
        task(index);
      } catch (...) {
        const std::scoped_lock lock(error_mutex);
        if (!first_error) {
          first_error = std::current_exception();
        }
        next = count;
      }
    }
  };
  {
    std::vector<std::jthread> threads;
    const std::size_t wanted = std::min(count, std::max<std::size_t>(width, 1));
    try {
      for (std::size_t i = 1; i < wanted; ++i) {
        threads.emplace_back(work);
      }
    } catch (const std::system_error&) {
      // No more threads can be created: continue with the existing ones.
    }
    work();
  }
  if (first_error) {
    std::rethrow_exception(first_error);
  }
}

/// Calls `task(item)` for every item, at most `width` at once. Element i of the result is that of item i.
template <typename Item, typename Task>
auto fan_out(const std::vector<Item>& items, std::size_t width, Task&& task) {
  using Result = std::invoke_result_t<Task&, const Item&>;
  static_assert(!std::is_same_v<Result, bool>, "slots of vector<bool> are not independent: return a struct");
  std::vector<Result> results(items.size());
  for_each_index(items.size(), width, [&](std::size_t index) { results[index] = task(items[index]); });
  return results;
}

}  // namespace torc::proc
