#pragma once

// Theory of operation
//
// The network's thread passes every request that needs the database to one of two kinds of threads. The single writer
// takes all waiting requests, runs them in one transaction, each in its own savepoint, and commits once: one sync to
// disk for the whole group. Only then are the group's responses passed back, all together. Each reader has its own
// connection, so that a long listing delays neither claims nor other listings. Waiting claims belong to the writer, too
// (see parked_claims.hpp); no thread blocks for them. The writer also searches periodically for silent compute nodes
// (node_watch.hpp). Their last contacts are known to its connection, so a search needs no transaction unless it finds
// one. Such a node is marked as lost in the same group, before waiting claims are served. While another process has the
// database locked, groups are refused: the first after SQLite's usual wait for a lock, later ones after a short wait.

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

/// Passes responses to the thread that may call their replies. Called by writer and readers.
using Deliver = std::function<void(std::vector<Answer>)>;

/// Passes the notices of committed changes to followers of workflows, in the order of the commits. Called by the
/// writer, before the responses are delivered.
using Announce = std::function<void(std::vector<store::Notice> notices, std::set<Id> deleted)>;

/// Why the database must not be changed, such as "was deleted"; nothing if it may. Called by the writer for each group,
/// so it must be fast.
using Displacement = std::function<std::optional<std::string>()>;

/// Runs one handler, after its guard if access is restricted. The caller manages the transaction.
/// @throws the exceptions of the guard and the handler
Response run_route(const Task& task, store::Connection& connection);
/// Like run_route; turns an exception into a response.
Response run_handler(const Task& task, store::Connection& connection);

/// A queue of tasks for a thread. Any number of producers and consumers.
class TaskQueue {
 public:
  void push(Task task);
  using Clock = std::chrono::steady_clock;

  /// Waits for tasks, and returns at most `most` in order of arrival. Returns nothing if the queue is closed and empty,
  /// and an empty list after `deadline` or a call of `wake`.
  std::optional<std::vector<Task>> pop(std::size_t most, std::optional<Clock::time_point> deadline = {});
  /// Tasks that are already queued are still returned by `pop`.
  void close();
  /// Makes one waiting `pop` return.
  void wake();

 private:
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::vector<Task> m_tasks;  ///< Removed from the front.
  bool m_closed{false};
  bool m_woken{false};
};

/// The single thread that changes the database.
class Writer {
 public:
  /// @param worker_timeout  A compute node is lost after this time without contact; 0: never.
  /// @param displacement  While it returns a reason, all changes are refused with 503. Called before each group of
  /// changes, and every two seconds, so that the log contains it, too. May be empty.
  /// @param busy_timeout  How long changes wait while another process has the database locked.
  Writer(store::Connection connection, Deliver deliver, Announce announce = {},
         std::chrono::milliseconds worker_timeout = {}, Displacement displacement = {},
         std::chrono::milliseconds busy_timeout = store::k_busy_timeout);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Runs all queued tasks, then ends.
  ~Writer();

  void submit(Task task) { m_queue.push(std::move(task)); }

  /// Ends waiting claims with a response, and all later ones at once.
  void end_waits();

 private:
  /// How many of a workflow's parked claims have been retried.
  struct Pass {
    std::uint64_t next{0};
    bool again{false};  ///< More jobs became ready meanwhile.
  };

  void run();
  /// Waits for tasks and runs them. @returns false if there will be no more
  bool run_once();
  /// Checks whether the database file is displaced, and logs changes of that.
  bool is_displaced();
  /// Runs the tasks in one transaction and commits. @returns a response for each task that does not wait
  std::vector<Answer> run_group(std::vector<Task>& tasks);
  /// Begins the transaction. @returns the response to all tasks if another process has the database locked
  std::optional<Response> begin_group(std::optional<store::Transaction>& transaction);
  Response displaced_response() const;
  void run_task(Task& task, std::vector<Answer>& answers);
  Response run_in_savepoint(const Task& task);
  void announce();
  void mark_all_nodes_seen();
  /// Whether there are silent nodes.
  bool find_silent_nodes();
  /// @returns the nodes that were lost
  std::vector<store::LostNode> mark_silent_nodes_lost();
  void serve_parked(std::vector<Answer>& answers);
  void answer_parked(Id workflow_id, std::vector<Answer>& answers);
  /// Retries parked claims of a workflow. @returns whether the pass is finished
  bool retry_parked(Id workflow_id, Pass& pass, std::size_t& tries, std::vector<Answer>& answers);
  std::optional<TaskQueue::Clock::time_point> deadline() const;

  const std::chrono::milliseconds m_busy_timeout;
  store::Connection m_connection;
  Deliver m_deliver;
  Announce m_announce;
  std::set<Id> m_deleted;  ///< Workflows deleted by the current group.
  TaskQueue m_queue;
  ParkedClaims m_parked;
  std::map<Id, Pass> m_passes;  ///< By workflow whose parked claims may now get jobs.
  Displacement m_displacement;
  std::string m_displaced;                           ///< What happened to the file; empty while it is in its place.
  TaskQueue::Clock::time_point m_last_file_check{};  ///< When the file was last checked.
  std::string m_lock;  ///< The message about the process that has the database locked; empty if none has.
  /// Changes, including the recording of heartbeats, were impossible, so silence since then proves nothing about a
  /// node.
  bool m_was_unusable{false};
  NodeWatch m_watch;
  bool m_has_silent_nodes{false};  ///< The next group has to mark silent nodes as lost.
  std::atomic<bool> m_waits_ended{false};
  std::thread m_thread;
};

/// The threads that read the database.
class Readers {
 public:
  Readers(std::vector<store::Connection> connections, Deliver deliver);
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;
  /// Runs all queued tasks, then ends.
  ~Readers();

  void submit(Task task) { m_queue.push(std::move(task)); }

 private:
  void run(store::Connection connection);
  /// Waits for a task and runs it. @returns false if there will be no more
  bool run_once(store::Connection& connection);

  Deliver m_deliver;
  TaskQueue m_queue;
  std::vector<std::thread> m_threads;
};

}  // namespace torc::server
