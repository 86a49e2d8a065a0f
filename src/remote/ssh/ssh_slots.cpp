#include "torc/remote/ssh_slots.hpp"

#include <algorithm>

namespace torc::remote {

void SshSlots::Lease::reset() {
  if (m_pool != nullptr && m_count > 0) {
    m_pool->release(m_count);
  }
  m_pool = nullptr;
  m_count = 0;
}

SshSlots::Lease SshSlots::take(std::size_t wanted, const std::stop_token& stop) {
  const std::size_t count = std::clamp<std::size_t>(wanted, 1, m_count);
  std::unique_lock lock(m_mutex);
  m_queue.push_back(&count);
  const bool granted = m_changed.wait(lock, stop, [&] { return m_queue.front() == &count && m_free >= count; });
  std::erase(m_queue, &count);
  if (granted) {
    m_free -= count;
  }
  m_changed.notify_all();  // Another request is now the first one.
  return granted ? Lease(*this, count) : Lease();
}

SshSlots::Lease SshSlots::try_take(std::size_t wanted) {
  const std::scoped_lock lock(m_mutex);
  const std::size_t count = m_queue.empty() ? std::min(wanted, m_free) : 0;
  m_free -= count;
  return {*this, count};
}

bool SshSlots::has_free() {
  const std::scoped_lock lock(m_mutex);
  return m_queue.empty() && m_free > 0;
}

void SshSlots::release(std::size_t count) {
  {
    const std::scoped_lock lock(m_mutex);
    m_free += count;
  }
  m_changed.notify_all();
}

}  // namespace torc::remote
