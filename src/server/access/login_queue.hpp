#pragma once

// The order in which passwords are checked. A check is slow on purpose, and one thread performs all of them, so clients
// that send wrong passwords use up that thread's time. This queue shares the time among the clients' addresses:
//
// - Each address has its own queue of limited size. The addresses take turns.
// - After a failure, an address has to wait before its next check: not at all after the first failure, then 0.1 s, 0.2
//   s, 0.4 s, up to 5 s. Its queue is shorter, too. Failures are forgotten 15 minutes after the last one, or after a
//   correct password.
// - Addresses without failures come first, but every second check goes to an address with failures whose delay is over.
//   So a user who mistyped a password is not shut out.
// - If all queues together are full, a check of an address with failures is dropped, or else one of the longest queue.
//
// Not thread-safe; the owner locks. Does not read the clock, which simplifies tests.

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace torc::server {

/// What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 address, because one subscriber has all
/// addresses with such a prefix (RFC 6177). An IPv4 address in IPv6 form counts as IPv4.
std::string network_of(std::string_view address);

/// How long an address has to wait for its next check after this many failures in a row.
std::chrono::milliseconds login_delay(unsigned failures);

class LoginQueue {
 public:
  using Clock = std::chrono::steady_clock;

  /// Limits of queued checks; public for tests.
  static constexpr std::size_t k_max_per_address = 32;
  static constexpr std::size_t k_max_per_failing_address = 8;
  static constexpr std::size_t k_max_queued = 1024;
  /// How many addresses with failures are remembered; above that, the oldest failures are forgotten.
  static constexpr std::size_t k_max_failing = 4096;
  static constexpr std::chrono::minutes k_memory{15};

  struct Pushed {
    bool accepted{false};
    /// A key that was dropped from the queue to make room. The requests that wait for it need a response.
    std::optional<std::string> dropped{};
  };
  /// @param network  As returned by network_of.
  /// @param key  Identifies the check. The same key may be queued for several addresses.
  Pushed push(const std::string& network, std::string key, Clock::time_point now);

  struct Turn {
    std::string network{};
    std::string key{};
  };
  /// Removes the next check that may be performed now.
  std::optional<Turn> pop(Clock::time_point now);
  /// Removes a key from one network's queue, if it is there.
  void remove(const std::string& network, const std::string& key);

  /// The earliest time at which `pop` may return a check; nothing if the queue is empty.
  std::optional<Clock::time_point> next_time() const;

  void record_failure(const std::string& network, Clock::time_point now);
  void record_success(const std::string& network);

  std::size_t size() const { return m_size; }
  /// Number of remembered addresses, for tests.
  std::size_t networks() const { return m_networks.size(); }

 private:
  struct Network {
    std::deque<std::string> keys{};
    unsigned failures{0};
    Clock::time_point last_failure{};
    Clock::time_point not_before{};
  };

  /// Drops one key to make room for an address without failures that would then have `size` keys. @returns that key
  std::optional<std::string> make_room(std::size_t size);
  void forget_old_failures(Clock::time_point now);

  std::unordered_map<std::string, Network> m_networks;  ///< Networks with queued keys or with failures.
  std::deque<std::string> m_order;                      ///< Networks with queued keys; the next one in front.
  std::size_t m_size{0};
  bool m_failing_turn{false};          ///< Whether the next check goes to an address with failures.
  Clock::time_point m_next_cleanup{};  ///< When to search for failures to forget.
};

}  // namespace torc::server
