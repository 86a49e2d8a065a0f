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
/// A caller takes all the slots that it needs at a time with one request, and no holder of a slot waits for another
/// one: that rules out deadlocks. Requests are served in their order, so those for many slots are not starved by
/// those for one.
///
/// One exception: the ssh of a server tunnel gives its slot back once its forward is up, since it stays as long as the
/// workflow.
///
/// Thread-safety: any threads.
class SshSlots {
 public:
  /// Slots that were taken; given back when it is destroyed. The pool must outlive it.
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

  /// How many there are, free or not.
  std::size_t count() const { return m_count; }

  /// Waits until `wanted` slots (at most `count()`) are free, and takes them together.
  /// @returns an empty lease if `stop` was requested before
  Lease take(std::size_t wanted, const std::stop_token& stop);
  /// Takes what is free of `wanted` without waiting, unless others wait already; the lease may be empty.
  Lease try_take(std::size_t wanted);
  /// Whether `try_take` would get any.
  bool has_free();

 private:
  void release(std::size_t count);

  const std::size_t m_count;
  std::mutex m_mutex{};
  std::condition_variable_any m_changed{};
  std::size_t m_free;                        ///< Under m_mutex, as is the next.
  std::deque<const std::size_t*> m_queue{};  ///< Requests that wait, the first one first.
};

}  // namespace torc::remote
