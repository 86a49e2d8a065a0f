#pragma once

// Theory of operation
//
// The network's thread hands every request that needs the database over to one of two kinds of threads. The one writer
// takes all requests that wait, runs them in one transaction, each in a savepoint of its own, and commits once: one
// sync to disk for the whole group. Only then are the group's answers handed back, in one go. Readers each have a
// connection of their own, so that a long listing holds up neither claims nor other listings. Claims that wait for work
// are the writer's too, see parked_claims.hpp; no thread waits with them. And it looks, now and then, for compute nodes
// that are silent (node_watch.hpp): when each was heard of last is known to its connection, so that a look costs no
// transaction unless there is one, which is then lost in the same group, and before, the claims that wait are served.
// While another process has the database locked, groups are refused: the first after SQLite's usual wait for a lock, the
// next after a short one.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/execution/node_watch.hpp"
#include "server/execution/parked_claims.hpp"
#include "server/execution/task.hpp"
#include "server/router.hpp"
#include "torc/store/compute_nodes.hpp"

namespace torc::server {

/// Takes answers to the thread that may call their replies. Called by writer and readers.
using Deliver = std::function<void(std::vector<Answer>)>;

/// Takes what committed changes mean to those who follow workflows, in the order of the commits. Called by the writer,
/// before their answers are delivered.
using Announce = std::function<void(std::vector<store::Notice> notices, std::set<Id> deleted)>;

/// What keeps the database from being changed, such as "was deleted"; nothing while all is well. Called by the writer
/// for each group, so it must be quick.
using Displacement = std::function<std::optional<std::string>()>;

/// Runs one handler, after the guard where access is restricted. Transactions are the caller's.
/// @throws what they throw
Response run_route(const Task& task, store::Connection& connection);
/// As run_route; what it throws becomes the answer.
Response run_handler(const Task& task, store::Connection& connection);

/// What waits for a thread. For many producers and consumers.
class TaskQueue {
 public:
  void push(Task task);
  using Clock = std::chrono::steady_clock;

  /// Waits; at most `most` tasks, in the order they came. Nothing when the queue is closed and nothing is left; none
  /// after `deadline` or a call of `wake`.
  std::optional<std::vector<Task>> pop(std::size_t most, std::optional<Clock::time_point> deadline = {});
  /// What is queued is still given out.
  void close();
  /// Ends one wait.
  void wake();

 private:
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::vector<Task> m_tasks;  ///< Given out from the front.
  bool m_closed{false};
  bool m_woken{false};
};

/// The one thread that changes the database.
class Writer {
 public:
  /// @param worker_timeout  After so long without a sign of life a compute node is lost; 0: never.
  /// @param displacement  While it tells something, all changes are refused with 503. Asked before each group of
  /// changes, and every two seconds so that the log tells it, too. Empty: never asked.
  /// @param busy_timeout  How long changes wait for another process that has the database locked.
  Writer(store::Connection connection, Deliver deliver, Announce announce = {},
         std::chrono::milliseconds worker_timeout = {}, Displacement displacement = {},
         std::chrono::milliseconds busy_timeout = store::k_busy_timeout);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Runs what is queued, then ends.
  ~Writer();

  void submit(Task task) { m_queue.push(std::move(task)); }

  /// Answers the claims that wait, now and from now on at once.
  void end_waits();

 private:
  /// How far a workflow's parked claims have been tried.
  struct Pass {
    std::uint64_t next{0};
    bool again{false};  ///< More became ready meanwhile.
  };

  void run();
  /// Waits for tasks and runs them. @returns false once nothing more comes
  bool run_once();
  /// Asks what became of the database file, and logs when that changes.
  bool is_displaced();
  /// Runs the tasks in one transaction and commits. @returns an answer for each that does not wait
  std::vector<Answer> run_group(std::vector<Task>& tasks);
  /// Begins its transaction. @returns what to answer instead if another process has the database locked
  std::optional<Response> begin_group(std::optional<store::Transaction>& transaction);
  Response displaced_response() const;
  void run_task(Task& task, std::vector<Answer>& answers);
  Response run_in_savepoint(const Task& task);
  void announce();
  void mark_all_nodes_seen();
  /// Whether there are silent nodes.
  bool find_silent_nodes();
  /// @returns those that were lost
  std::vector<store::LostNode> mark_silent_nodes_lost();
  void serve_parked(std::vector<Answer>& answers);
  void answer_parked(Id workflow_id, std::vector<Answer>& answers);
  /// @returns whether it came to an end
  bool go_on(Id workflow_id, Pass& pass, std::size_t& tries, std::vector<Answer>& answers);
  std::optional<TaskQueue::Clock::time_point> deadline() const;

  const std::chrono::milliseconds m_busy_timeout;
  store::Connection m_connection;
  Deliver m_deliver;
  Announce m_announce;
  std::set<Id> m_deleted;  ///< In the group that is being run.
  TaskQueue m_queue;
  ParkedClaims m_parked;
  std::map<Id, Pass> m_passes;  ///< Of workflows whose parked claims may get something.
  Displacement m_displacement;
  std::string m_displaced;                  ///< What became of the file; empty while it is in its place.
  TaskQueue::Clock::time_point m_looked{};  ///< At the file.
  std::string m_lock;                       ///< Who has the database locked, in words; empty while nobody has.
  /// Changes could not be made, signs of life among them: silence since then says nothing about a node.
  bool m_was_unusable{false};
  NodeWatch m_watch;
  bool m_silence{false};  ///< The group that is run next is to look for silent nodes.
  std::atomic<bool> m_waits_ended{false};
  std::thread m_thread;
};

/// Threads that answer questions.
class Readers {
 public:
  Readers(std::vector<store::Connection> connections, Deliver deliver);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  /// Runs what is queued, then ends.
  ~Readers();

  void submit(Task task) { m_queue.push(std::move(task)); }

 private:
  void run(store::Connection connection);
  /// Waits for a task and runs it. @returns false once nothing more comes
  bool run_once(store::Connection& connection);

  Deliver m_deliver;
  TaskQueue m_queue;
  std::vector<std::thread> m_threads;
};

}  // namespace torc::server
