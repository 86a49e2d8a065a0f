#include "server/executor.hpp"

#include <iterator>

#include "server/errors.hpp"

namespace torc::server {
namespace {

/// Bounds how long the first of a group waits for the last.
constexpr std::size_t k_group = 256;

void fail_all(std::vector<Answer>& answers, const Response& failure) {
  for (auto& answer : answers) {
    answer.response = failure;
  }
}

}  // namespace

Response run_route(const Task& task, store::Connection& connection) {
  if (task.request.restricted) {
    task.route->guard(task.request, connection);
  }
  return task.route->handler(task.request, connection);
}

Response run_handler(const Task& task, store::Connection& connection) {
  try {
    return run_route(task, connection);
  } catch (...) {
    return response_of_current_exception();
  }
}

void TaskQueue::push(Task task) {
  {
    const std::lock_guard lock{m_mutex};
    m_tasks.push_back(std::move(task));
  }
  m_changed.notify_one();
}

std::vector<Task> TaskQueue::pop(std::size_t most) {
  std::unique_lock lock{m_mutex};
  m_changed.wait(lock, [this] { return m_closed || !m_tasks.empty(); });
  if (m_tasks.size() <= most) {
    return std::exchange(m_tasks, {});
  }
  const auto end = m_tasks.begin() + static_cast<std::ptrdiff_t>(most);
  std::vector<Task> first{std::make_move_iterator(m_tasks.begin()), std::make_move_iterator(end)};
  m_tasks.erase(m_tasks.begin(), end);
  return first;
}

void TaskQueue::close() {
  {
    const std::lock_guard lock{m_mutex};
    m_closed = true;
  }
  m_changed.notify_all();
}

Writer::Writer(store::Connection connection, Deliver deliver)
    : m_connection(std::move(connection)), m_deliver(std::move(deliver)), m_thread([this] { run(); }) {}

Writer::~Writer() {
  m_queue.close();
  m_thread.join();
}

void Writer::run() {
  for (;;) {
    auto tasks = m_queue.pop(k_group);
    if (tasks.empty()) {
      return;
    }
    m_deliver(run_group(tasks));
  }
}

Response Writer::run_in_savepoint(const Task& task) {
  m_connection.savepoint();
  try {
    Response response = run_route(task, m_connection);
    m_connection.release_savepoint();
    return response;
  } catch (...) {
    Response response = response_of_current_exception();
    // Where SQLite has ended the transaction by itself, run_group sees it.
    if (m_connection.in_transaction()) {
      m_connection.rollback_to_savepoint();
    }
    return response;
  }
}

std::vector<Answer> Writer::run_group(std::vector<Task>& tasks) {
  std::vector<Answer> answers;
  answers.reserve(tasks.size());
  for (auto& task : tasks) {
    answers.push_back({std::move(task.reply), {}});
  }
  try {
    m_connection.begin();
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      answers[i].response = run_in_savepoint(tasks[i]);
      if (!m_connection.in_transaction()) {
        // Nothing of the group is kept (the disk is full, say), so nobody may be told otherwise.
        fail_all(answers, Response{answers[i].response});
        return answers;
      }
    }
    m_connection.commit();
  } catch (...) {
    m_connection.rollback();
    fail_all(answers, response_of_current_exception());
  }
  return answers;
}

Readers::Readers(std::vector<store::Connection> connections, Deliver deliver) : m_deliver(std::move(deliver)) {
  for (auto& connection : connections) {
    m_threads.emplace_back([this, held = std::move(connection)]() mutable { run(std::move(held)); });
  }
}

Readers::~Readers() {
  m_queue.close();
  for (auto& thread : m_threads) {
    thread.join();
  }
}

void Readers::run(store::Connection connection) {
  for (;;) {
    auto tasks = m_queue.pop(1);
    if (tasks.empty()) {
      return;
    }
    Response response;
    try {
      connection.begin();
      response = run_handler(tasks.front(), connection);
      connection.commit();
    } catch (...) {
      response = response_of_current_exception();
    }
    connection.rollback();
    std::vector<Answer> answers;
    answers.push_back({std::move(tasks.front().reply), std::move(response)});
    m_deliver(std::move(answers));
  }
}

}  // namespace torc::server
