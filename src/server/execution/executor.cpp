#include "server/execution/executor.hpp"

#include <iterator>

#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/http/guarded.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server {
namespace {

/// Limits how long the first request of a group waits for the last.
constexpr std::size_t k_group = 256;
/// Limits how long unsuccessful parked claims delay a group.
constexpr std::size_t k_tries = 128;
/// How long each group waits for a lock if an earlier group has already waited in vain, so that queued groups do not
/// all wait for the full time one after another.
constexpr std::chrono::milliseconds k_busy_timeout_while_locked{100};
/// Interval between checks of the database file while clients change nothing.
constexpr std::chrono::seconds k_file_check_interval{2};

/// SQLite itself has ended the transaction, because the disk is full, for example.
struct GroupLost {
  Response response;
};

/// Identifies what a claim requests: parked claims with the same key get the same result.
std::string claim_key(const Request& request) {
  std::string words = request.body;
  for (const auto& [name, value] : request.query) {
    if (name != "compute_node_id" && name != "wait") {
      words += '&' + name + '=' + value;
    }
  }
  for (const auto& [name, value] : request.path_values) {
    words += '/' + value;
  }
  return words;
}

void log_lost(const std::vector<store::LostNode>& nodes) {
  for (const auto& [node, requeued, failed] : nodes) {
    base::log_warning("workflow {}: compute node {} on {} (PID {}) is lost: {} requeued, {} failed", node.workflow_id,
                      node.id.value_or(0), base::printable(node.hostname), node.pid,
                      base::counted(std::ssize(requeued), "job"), failed.size());
  }
}

void fail_all(std::vector<Answer>& answers, const Response& failure) {
  for (auto& answer : answers) {
    answer.response = failure;
  }
}

/// Refuses tasks of which none has run.
std::vector<Answer> refuse_group(std::vector<Task>& tasks, const Response& refusal) {
  std::vector<Answer> answers;
  answers.reserve(tasks.size());
  for (auto& task : tasks) {
    answers.push_back({std::exchange(task.reply, {}), refusal});
  }
  return answers;
}

}  // namespace

Response run_route(const Task& task, store::Connection& connection) {
  if (task.refusal) {
    return *task.refusal;
  }
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

std::optional<std::vector<Task>> TaskQueue::pop(std::size_t most, std::optional<Clock::time_point> deadline) {
  std::unique_lock lock{m_mutex};
  const auto something = [this] { return m_closed || m_woken || !m_tasks.empty(); };
  if (deadline) {
    m_changed.wait_until(lock, *deadline, something);
  } else {
    m_changed.wait(lock, something);
  }
  m_woken = false;
  if (m_closed && m_tasks.empty()) {
    return std::nullopt;
  }
  if (m_tasks.size() <= most) {
    return std::exchange(m_tasks, {});
  }
  const auto end = m_tasks.begin() + static_cast<std::ptrdiff_t>(most);
  std::vector<Task> first{std::make_move_iterator(m_tasks.begin()), std::make_move_iterator(end)};
  m_tasks.erase(m_tasks.begin(), end);
  return first;
}

void TaskQueue::wake() {
  {
    const std::lock_guard lock{m_mutex};
    m_woken = true;
  }
  m_changed.notify_all();
}

void TaskQueue::close() {
  {
    const std::lock_guard lock{m_mutex};
    m_closed = true;
  }
  m_changed.notify_all();
}

Writer::Writer(store::Connection connection, Deliver deliver, Announce announce,
               std::chrono::milliseconds worker_timeout, Displacement displacement,
               std::chrono::milliseconds busy_timeout)
    : m_busy_timeout(busy_timeout),
      m_connection(std::move(connection)),
      m_deliver(std::move(deliver)),
      m_announce(std::move(announce)),
      m_displacement(std::move(displacement)),
      m_watch(worker_timeout, NodeWatch::Clock::now()),
      m_thread([this] { run(); }) {}

Writer::~Writer() {
  m_queue.close();
  m_thread.join();
}

void Writer::end_waits() {
  m_waits_ended = true;
  m_queue.wake();
}

std::optional<TaskQueue::Clock::time_point> Writer::deadline() const {
  if (!m_passes.empty() && m_displaced.empty()) {
    return TaskQueue::Clock::time_point{};
  }
  std::optional<TaskQueue::Clock::time_point> first;
  const auto file_check = m_displacement ? std::optional(m_last_file_check + k_file_check_interval) : std::nullopt;
  for (const auto& time : {m_parked.deadline(), m_watch.due(), file_check}) {
    if (time && (!first || *time < *first)) {
      first = time;
    }
  }
  return first;
}

void Writer::run() {
  m_connection.set_busy_timeout(m_busy_timeout);
  if (m_watch.due()) {
    run_guarded("the thread that changes the database", [&] { mark_all_nodes_seen(); });
  }
  bool running = true;
  while (running) {
    run_guarded("the thread that changes the database", [&] { running = run_once(); });
  }
  run_guarded("the thread that changes the database", [&] { m_deliver(m_parked.take_all()); });
}

bool Writer::run_once() {
  auto tasks = m_queue.pop(k_group, deadline());
  if (!tasks) {
    return false;
  }
  // Before the search, so that nodes whose heartbeats were refused are treated as seen.
  const bool displaced = is_displaced();
  m_has_silent_nodes = !displaced && find_silent_nodes();
  if (displaced) {
    if (!tasks->empty()) {
      m_deliver(refuse_group(*tasks, displaced_response()));
    }
  } else if (!tasks->empty() || !m_passes.empty() || m_has_silent_nodes) {
    m_deliver(run_group(*tasks));
  }
  auto due = m_waits_ended ? m_parked.take_all() : m_parked.take_due(TaskQueue::Clock::now());
  if (!due.empty()) {
    m_deliver(std::move(due));
  }
  return true;
}

bool Writer::is_displaced() {
  if (!m_displacement) {
    return false;
  }
  m_last_file_check = TaskQueue::Clock::now();
  std::string found = m_displacement().value_or("");
  if (found != m_displaced) {
    if (found.empty()) {
      base::log_warning("the database file is in its place again; changes are accepted again");
    } else {
      base::log_error("the database file {}; all changes are refused until it is back in its place", found);
    }
    m_displaced = std::move(found);
  }
  if (!m_displaced.empty()) {
    m_was_unusable = true;
  }
  return !m_displaced.empty();
}

Response Writer::displaced_response() const {
  return error_response(503, fmt::format("the server's database file {} while the server runs, so nothing was changed; "
                                         "put the file back, or restart the server with the right one",
                                         m_displaced));
}

void Writer::mark_all_nodes_seen() {
  try {
    store::mark_all_nodes_seen(m_connection);
  } catch (const base::Error& error) {
    base::log_error("cannot read the compute nodes, so silent ones are not detected: {}", error.what());
  }
}

bool Writer::find_silent_nodes() {
  const auto now = NodeWatch::Clock::now();
  if (std::exchange(m_was_unusable, false) && m_watch.due()) {
    mark_all_nodes_seen();
  }
  switch (m_watch.poll(now)) {
    case NodeWatch::Finding::not_yet:
      return false;
    case NodeWatch::Finding::was_away:
      mark_all_nodes_seen();
      return false;
    case NodeWatch::Finding::silent:
      break;
  }
  if (store::silent_nodes(m_connection, now - m_watch.timeout()).empty()) {
    return false;
  }
  // Nodes that wait in a claim send nothing else meanwhile.
  for (const auto& [workflow_id, node_id] : m_parked.nodes()) {
    store::record_open_connection(m_connection, workflow_id, node_id);
  }
  return !store::silent_nodes(m_connection, now - m_watch.timeout()).empty();
}

std::vector<store::LostNode> Writer::mark_silent_nodes_lost() {
  std::vector<store::LostNode> lost;
  if (std::exchange(m_has_silent_nodes, false)) {
    for (const Id id : store::silent_nodes(m_connection, NodeWatch::Clock::now() - m_watch.timeout())) {
      if (auto one = store::mark_node_lost(m_connection, id)) {
        lost.push_back(std::move(*one));
      }
    }
  }
  return lost;
}

Response Writer::run_in_savepoint(const Task& task) {
  auto& changes = m_connection.changes();
  const auto noted = changes.notices.size();
  m_connection.savepoint();
  try {
    Response response = run_route(task, m_connection);
    m_connection.release_savepoint();
    return response;
  } catch (...) {
    Response response = response_of_current_exception();
    changes.forget_after(noted);
    if (!m_connection.in_transaction()) {
      throw GroupLost{std::move(response)};
    }
    m_connection.rollback_to_savepoint();
    return response;
  }
}

void Writer::run_task(Task& task, std::vector<Answer>& answers) {
  Answer answer{std::exchange(task.reply, {}), {}};
  try {
    answer.response = run_in_savepoint(task);
  } catch (...) {
    answers.push_back(std::move(answer));
    throw;
  }
  if (answer.response.hold && !m_waits_ended) {
    task.reply = std::exchange(answer.reply, {});
    m_parked.add(std::move(task), std::move(answer.response));
  } else {
    answers.push_back(std::move(answer));
  }
}

std::optional<Response> Writer::begin_group(std::optional<store::Transaction>& transaction) {
  try {
    transaction.emplace(m_connection);
  } catch (const store::StorageError& error) {
    if (!error.busy()) {
      throw;
    }
    if (m_lock != error.what()) {
      base::log_error("{}; all changes are refused until it is unlocked", error.what());
      m_lock = error.what();
      m_connection.set_busy_timeout(k_busy_timeout_while_locked);
    }
    m_was_unusable = true;
    return response_of(error);
  }
  if (!m_lock.empty()) {
    base::log_warning("the database is no longer locked; changes are accepted again");
    m_lock.clear();
    m_connection.set_busy_timeout(m_busy_timeout);
  }
  return std::nullopt;
}

std::vector<Answer> Writer::run_group(std::vector<Task>& tasks) {
  std::vector<Answer> answers;
  answers.reserve(tasks.size());
  std::size_t next = 0;
  const auto fail = [&](const Response& failure) {
    // Nothing of the group is kept, so all its requests fail. Claims that it parked keep waiting.
    for (; next < tasks.size(); ++next) {
      answers.push_back({std::exchange(tasks[next].reply, {}), {}});
    }
    fail_all(answers, failure);
    m_connection.changes().notices.clear();
  };
  try {
    std::optional<store::Transaction> transaction;
    if (const auto refusal = begin_group(transaction)) {
      return refuse_group(tasks, *refusal);
    }
    while (next < tasks.size()) {
      run_task(tasks[next++], answers);
    }
    const auto lost = mark_silent_nodes_lost();
    serve_parked(answers);
    transaction->commit();
    announce();
    log_lost(lost);
  } catch (const GroupLost& lost) {
    m_was_unusable = true;
    fail(lost.response);
  } catch (...) {
    m_was_unusable = true;
    fail(response_of_current_exception());
  }
  return answers;
}

void Writer::announce() {
  auto notices = std::exchange(m_connection.changes().notices, {});
  if (m_announce && (!notices.empty() || !m_deleted.empty())) {
    m_announce(std::move(notices), std::move(m_deleted));
  }
  m_deleted.clear();
}

void Writer::serve_parked(std::vector<Answer>& answers) {
  auto& changes = m_connection.changes();
  for (const Id id : changes.claimable) {
    if (m_parked.wait_for(id)) {
      if (const auto [pass, is_new] = m_passes.try_emplace(id); !is_new) {
        pass->second.again = true;
      }
    }
  }
  for (const Id id : changes.deleted) {
    changes.ended.erase(id);
    answer_parked(id, answers);
  }
  for (const Id id : changes.ended) {
    if (m_parked.wait_for(id) && store::workflow_completion(m_connection, id).is_complete) {
      answer_parked(id, answers);
    }
  }
  changes.claimable.clear();
  changes.ended.clear();
  m_deleted = std::exchange(changes.deleted, {});
  std::size_t tries = k_tries;
  for (auto it = m_passes.begin(); it != m_passes.end() && tries > 0;) {
    it = retry_parked(it->first, it->second, tries, answers) ? m_passes.erase(it) : std::next(it);
  }
}

void Writer::answer_parked(Id workflow_id, std::vector<Answer>& answers) {
  while (const auto number = m_parked.next(workflow_id, 0)) {
    Response response = run_in_savepoint(m_parked.task(*number));
    answers.push_back(m_parked.take(*number, std::move(response)));
  }
}

bool Writer::retry_parked(Id workflow_id, Pass& pass, std::size_t& tries, std::vector<Answer>& answers) {
  std::set<std::string> failed_keys;
  bool ready = store::has_ready_jobs(m_connection, workflow_id);
  while (ready) {
    const auto number = m_parked.next(workflow_id, pass.next);
    if (!number) {
      if (!pass.again) {
        return true;
      }
      pass = {};
      failed_keys.clear();
      continue;
    }
    std::string key = claim_key(m_parked.task(*number).request);
    if (!failed_keys.contains(key)) {
      if (tries == 0) {
        return false;
      }
      --tries;
      Response response = run_in_savepoint(m_parked.task(*number));
      if (response.hold) {
        failed_keys.insert(std::move(key));
      } else {
        answers.push_back(m_parked.take(*number, std::move(response)));
        ready = store::has_ready_jobs(m_connection, workflow_id);
      }
    }
    pass.next = *number + 1;
  }
  return true;
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
  bool running = true;
  while (running) {
    run_guarded("a thread that reads the database", [&] { running = run_once(connection); });
  }
}

bool Readers::run_once(store::Connection& connection) {
  auto tasks = m_queue.pop(1);
  if (!tasks) {
    return false;
  }
  Response response;
  try {
    store::Transaction transaction{connection};
    response = run_handler(tasks->front(), connection);
    transaction.commit();
  } catch (...) {
    response = response_of_current_exception();
  }
  std::vector<Answer> answers;
  answers.push_back({std::exchange(tasks->front().reply, {}), std::move(response)});
  m_deliver(std::move(answers));
  return true;
}

}  // namespace torc::server
