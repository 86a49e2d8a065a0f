#include "server/access/login_queue.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

namespace torc::server {
namespace {

constexpr std::chrono::milliseconds k_first_delay{100};
constexpr std::chrono::milliseconds k_max_delay{5'000};

}  // namespace

std::string network_of(std::string_view address) {
  const std::string text{address.substr(0, address.find('%'))};
  in6_addr bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), &bytes) != 1) {
    return std::string{address};
  }
  std::array<char, INET6_ADDRSTRLEN> spelling{};
  if (IN6_IS_ADDR_V4MAPPED(&bytes)) {
    ::inet_ntop(AF_INET, &bytes.s6_addr[12], spelling.data(), spelling.size());
    return spelling.data();
  }
  std::fill(std::begin(bytes.s6_addr) + 8, std::end(bytes.s6_addr), std::uint8_t{0});
  ::inet_ntop(AF_INET6, &bytes, spelling.data(), spelling.size());
  return std::string{spelling.data()} + "/64";
}

std::chrono::milliseconds login_delay(unsigned failures) {
  if (failures < 2) {
    return {};
  }
  auto delay = k_first_delay;
  for (unsigned i = 2; i < failures && delay < k_max_delay; ++i) {
    delay *= 2;
  }
  return std::min(delay, k_max_delay);
}

LoginQueue::Pushed LoginQueue::push(const std::string& network, std::string key, Clock::time_point now) {
  forget_old_failures(now);
  const auto known = m_networks.find(network);
  const bool is_failing = known != m_networks.end() && known->second.failures > 0;
  const std::size_t waiting = known == m_networks.end() ? 0 : known->second.keys.size();
  if (waiting >= (is_failing ? k_max_per_failing_address : k_max_per_address)) {
    return {};
  }
  Pushed result{true, std::nullopt};
  if (m_size >= k_max_queued) {
    // An address with failures never replaces another.
    result.dropped = is_failing ? std::nullopt : make_room(waiting + 1);
    if (!result.dropped) {
      return {};
    }
  }
  auto& entry = m_networks[network];
  if (entry.keys.empty()) {
    m_order.push_back(network);
  }
  entry.keys.push_back(std::move(key));
  ++m_size;
  return result;
}

std::optional<std::string> LoginQueue::make_room(std::size_t size) {
  // Addresses with failures first, then the longest queue.
  const auto rank = [&](const std::string& name) {
    const auto& other = m_networks.at(name);
    return std::pair(other.failures > 0, other.keys.size());
  };
  const auto victim = std::max_element(m_order.begin(), m_order.end(),
                                       [&](const auto& left, const auto& right) { return rank(left) < rank(right); });
  if (victim == m_order.end() || rank(*victim) <= std::pair(false, size)) {
    return std::nullopt;
  }
  auto& keys = m_networks.at(*victim).keys;
  auto dropped = std::move(keys.back());
  keys.pop_back();
  --m_size;
  if (keys.empty()) {
    m_order.erase(victim);
  }
  return dropped;
}

std::optional<LoginQueue::Turn> LoginQueue::pop(Clock::time_point now) {
  forget_old_failures(now);
  auto chosen = m_order.end();
  for (auto candidate = m_order.begin(); candidate != m_order.end(); ++candidate) {
    const auto& network = m_networks.at(*candidate);
    if (network.not_before > now) {
      continue;
    }
    if ((network.failures > 0) == m_failing_turn) {
      chosen = candidate;
      break;
    }
    if (chosen == m_order.end()) {
      chosen = candidate;
    }
  }
  if (chosen == m_order.end()) {
    return std::nullopt;
  }
  Turn turn{*chosen, {}};
  m_order.erase(chosen);
  auto& network = m_networks.at(turn.network);
  m_failing_turn = network.failures == 0;
  turn.key = std::move(network.keys.front());
  network.keys.pop_front();
  --m_size;
  if (!network.keys.empty()) {
    m_order.push_back(turn.network);
  } else if (network.failures == 0) {
    m_networks.erase(turn.network);
  }
  return turn;
}

void LoginQueue::remove(const std::string& network, const std::string& key) {
  const auto found = m_networks.find(network);
  if (found == m_networks.end()) {
    return;
  }
  auto& [name, entry] = *found;
  const auto removed = std::erase(entry.keys, key);
  m_size -= removed;
  if (removed > 0 && entry.keys.empty()) {
    std::erase(m_order, name);
    if (entry.failures == 0) {
      m_networks.erase(found);
    }
  }
}

std::optional<LoginQueue::Clock::time_point> LoginQueue::next_time() const {
  std::optional<Clock::time_point> earliest;
  for (const auto& name : m_order) {
    const auto time = m_networks.at(name).not_before;
    earliest = earliest ? std::min(*earliest, time) : time;
  }
  return earliest;
}

void LoginQueue::record_failure(const std::string& network, Clock::time_point now) {
  auto& entry = m_networks[network];
  ++entry.failures;
  entry.last_failure = now;
  entry.not_before = now + login_delay(entry.failures);
  if (m_networks.size() > k_max_failing + k_max_queued) {
    const auto oldest = std::min_element(m_networks.begin(), m_networks.end(), [](const auto& left, const auto& right) {
      return std::pair(!left.second.keys.empty(), left.second.last_failure) <
             std::pair(!right.second.keys.empty(), right.second.last_failure);
    });
    if (oldest->second.keys.empty()) {
      m_networks.erase(oldest);
    }
  }
}

void LoginQueue::record_success(const std::string& network) {
  const auto found = m_networks.find(network);
  if (found == m_networks.end()) {
    return;
  }
  found->second.failures = 0;
  found->second.not_before = {};
  if (found->second.keys.empty()) {
    m_networks.erase(found);
  }
}

void LoginQueue::forget_old_failures(Clock::time_point now) {
  if (now < m_next_cleanup) {
    return;
  }
  m_next_cleanup = now + k_memory / 15;
  for (auto entry = m_networks.begin(); entry != m_networks.end();) {
    auto& network = entry->second;
    if (network.failures > 0 && now - network.last_failure >= k_memory) {
      network.failures = 0;
      network.not_before = {};
    }
    entry = network.failures == 0 && network.keys.empty() ? m_networks.erase(entry) : std::next(entry);
  }
}

}  // namespace torc::server
