#pragma once

// The order in which passwords are checked. A check is slow on purpose, and one thread makes them all, so whoever sends
// wrong passwords takes that thread's time. This queue shares the time out by the clients' addresses:
//
// - Each address has a queue of its own, with a bound of its own. The addresses take turns.
// - An address that fails waits before its next check: not at all after the first failure, then 0.1 s, 0.2 s, 0.4 s,
//   up to 5 s. Its queue is shorter, too. 15 minutes after the last failure, or after a right password, that is
//   forgotten.
// - Addresses that have not failed come first, but every second check goes to those that have, if their delay is over.
//   So somebody who mistyped is not shut out either.
// - If all queues together are full, a check of an address that has failed gives way, else one of the longest queue.
//
// Not thread-safe: the owner locks. No clock of its own, for tests.

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace torc::server {

/// What counts as one client: an IPv4 address; the first 64 bits of an IPv6 address, since one subscriber has all
/// addresses behind them (RFC 6177). An IPv4 address in IPv6 form is that IPv4 address.
std::string network_of(std::string_view address);

/// How long an address waits for its next check after so many failures in a row.
std::chrono::milliseconds login_delay(unsigned failures);

class LoginQueue {
 public:
  using Clock = std::chrono::steady_clock;

  /// Bounds of what waits. They are public for tests.
  static constexpr std::size_t k_most_of_address = 32;
  static constexpr std::size_t k_most_of_failing_address = 8;
  static constexpr std::size_t k_most = 1024;
  /// How many addresses that failed are remembered; then those are forgotten that failed first.
  static constexpr std::size_t k_most_failing = 4096;
  static constexpr std::chrono::minutes k_memory{15};

  struct Pushed {
    bool accepted{false};
    /// The key that had to give way, already taken out of the queue. Its askers need an answer.
    std::optional<std::string> dropped{};
  };
  /// @param network  As network_of returns it.
  /// @param key  What is to be checked. The same key may wait at several addresses.
  Pushed push(const std::string& network, std::string key, Clock::time_point now);

  struct Turn {
    std::string network{};
    std::string key{};
  };
  /// Takes the next check whose address may have one now.
  std::optional<Turn> pop(Clock::time_point now);
  /// Takes a key out of one network's queue, if it waits there.
  void remove(const std::string& network, const std::string& key);

  /// When `pop` may have something next; nothing if the queue is empty. Not later than the true time.
  std::optional<Clock::time_point> next_time() const;

  void record_failure(const std::string& network, Clock::time_point now);
  void record_success(const std::string& network);

  std::size_t size() const { return m_size; }
  /// How many addresses are remembered, for tests.
  std::size_t networks() const { return m_networks.size(); }

 private:
  struct Network {
    std::deque<std::string> keys{};
    unsigned failures{0};
    Clock::time_point last_failure{};
    Clock::time_point not_before{};
  };

  /// Takes one key out for an address that has not failed and would have `size` keys with another one. @returns that key
  std::optional<std::string> make_room(std::size_t size);
  void forget_old_failures(Clock::time_point now);

  std::unordered_map<std::string, Network> m_networks;  ///< Those with something queued, and those that failed.
  std::deque<std::string> m_order;                      ///< Networks with something queued; the next one in front.
  std::size_t m_size{0};
  bool m_failing_turn{false};       ///< Whether an address that has failed is to come next.
  Clock::time_point m_next_look{};  ///< For failures that may be forgotten.
};

}  // namespace torc::server
