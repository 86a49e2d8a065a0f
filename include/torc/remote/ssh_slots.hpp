#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <stop_token>
#include <utility>

namespace torc::remote {

/// The slots of --max-parallel-ssh. Every ssh and scp process holds one while it runs; all transports and connections
/// of a command share the pool (`SshOptions::slots`), so there are never more processes than slots.
///
/// A caller takes all slots that it needs with one request, and no holder of a slot waits for another slot, which rules
/// out deadlocks. Requests are served in order, so requests for one slot cannot starve a request for many.
///
/// One exception: the ssh process of a server tunnel releases its slot once its forward is up, since it runs as long as
/// the workflow.
///
/// Thread-safe.
class SshSlots {
 public:
  /// Slots that were taken; its destructor releases them. The pool must outlive it.
  class Lease {
   public:
    Lease() = default;
    Lease(SshSlots& pool, std::size_t count) : m_pool(&pool), m_count(count) {}
    Lease(Lease&& other) noexcept
        : m_pool(std::exchange(other.m_pool, nullptr)), m_count(std::exchange(other.m_count, 0)) {}
    Lease& operator=(Lease&& other) noexcept {
      if (this != &other) {
        reset();
        m_pool = std::exchange(other.m_pool, nullptr);
        m_count = std::exchange(other.m_count, 0);
      }
      return *this;
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { reset(); }

    void reset();
    std::size_t count() const { return m_count; }
    explicit operator bool() const { return m_count > 0; }

   private:
    SshSlots* m_pool{nullptr};
    std::size_t m_count{0};
  };

  /// @param count  At least 1; 0 counts as 1.
  explicit SshSlots(std::size_t count) : m_count(count == 0 ? 1 : count), m_free(m_count) {}
  SshSlots(const SshSlots&) = delete;
  SshSlots& operator=(const SshSlots&) = delete;
  ~SshSlots() = default;

  /// Number of slots, free or not.
  std::size_t count() const { return m_count; }

  /// Waits until `wanted` slots (at most `count()`) are free, and takes them together.
  /// @returns an empty lease if `stop` was requested first
  Lease take(std::size_t wanted, const std::stop_token& stop);
  /// Takes up to `wanted` free slots without waiting; none if other callers are waiting. The lease may be empty.
  Lease try_take(std::size_t wanted);
  /// Whether `try_take` would get a slot.
  bool has_free();

 private:
  void release(std::size_t count);

  const std::size_t m_count;
  std::mutex m_mutex{};
  std::condition_variable_any m_changed{};
  std::size_t m_free;                        ///< Under m_mutex, as is the next.
  std::deque<const std::size_t*> m_queue{};  ///< Waiting requests in the order of their arrival.
};

}  // namespace torc::remote
