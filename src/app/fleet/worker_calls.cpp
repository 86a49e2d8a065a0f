#include "app/fleet/worker_calls.hpp"

#include <system_error>

#include "torc/base/error.hpp"

namespace torc::app {

WorkerCalls::~WorkerCalls() {
  {
    const std::scoped_lock lock(m_mutex);
    m_waiting.clear();
  }
  m_threads.clear();
}

void WorkerCalls::begin(std::size_t worker, Call call) {
  bool needs_thread = false;
  {
    const std::scoped_lock lock(m_mutex);
    m_waiting.emplace_back(worker, std::move(call));
    needs_thread = m_waiting.size() > m_idle && m_threads.size() < m_width;
  }
  m_under_way.insert(worker);
  m_news.notify_one();
  if (!needs_thread) {
    return;
  }
  try {
    m_threads.emplace_back([this](const std::stop_token& stop) { work(stop); });
  } catch (const std::system_error& error) {
    if (m_threads.empty()) {
      throw base::Error(std::string("cannot start a thread: ") + error.what());
    }
    // The existing threads make the calls.
  }
}

std::map<std::size_t, WorkerAnswer> WorkerCalls::take() {
  const std::scoped_lock lock(m_mutex);
  for (const auto& [worker, answer] : m_answers) {
    m_under_way.erase(worker);
  }
  return std::exchange(m_answers, {});
}

void WorkerCalls::work(const std::stop_token& stop) {
  std::unique_lock lock(m_mutex);
  for (;;) {
    ++m_idle;
    const bool has_call = m_news.wait(lock, stop, [this] { return !m_waiting.empty(); });
    --m_idle;
    if (!has_call || stop.stop_requested()) {
      return;
    }
    const auto [worker, call] = std::move(m_waiting.front());
    m_waiting.pop_front();
    lock.unlock();
    WorkerAnswer answer;
    try {
      answer = call();
    } catch (const std::exception& error) {
      answer.error = error.what();
    }
    lock.lock();
    m_answers[worker] = std::move(answer);
  }
}

}  // namespace torc::app
