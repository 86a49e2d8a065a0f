#pragma once

// Theory of operation
//
// The network's thread hands every request that needs the database over to one of two kinds of threads. The one writer
// takes all requests that wait, runs them in one transaction, each in a savepoint of its own, and commits once: one
// sync to disk for the whole group. Only then are the group's answers handed back, in one go. Readers each have a
// connection of their own, so that a long listing holds up neither claims nor other listings.

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "server/router.hpp"

namespace torc::server {

using Reply = std::function<void(Response)>;

/// A request as it came over the network; the views hold during the call that it is handed to.
struct Incoming {
  std::string_view method{};         ///< As on the request line: "GET".
  std::string_view target{};         ///< From the first '/' on.
  std::string_view authorization{};  ///< The header field of this name; empty where there is none.
  std::string body{};
};

/// A request on its way. `reply` is called by the network's thread.
struct Task {
  const Route* route;
  Request request;
  Reply reply;
};

struct Answer {
  Reply reply;
  Response response;
};

/// Takes answers to the thread that may call their replies. Called by writer and readers.
using Deliver = std::function<void(std::vector<Answer>)>;

/// Runs one handler, after the guard where access is restricted. Transactions are the caller's.
/// @throws what they throw
Response run_route(const Task& task, store::Connection& connection);
/// As run_route; what it throws becomes the answer.
Response run_handler(const Task& task, store::Connection& connection);

/// What waits for a thread. For many producers and consumers.
class TaskQueue {
 public:
  void push(Task task);
  /// Waits; at most `most` tasks, in the order they came. Empty when the queue is closed and nothing is left.
  std::vector<Task> pop(std::size_t most);
  /// What is queued is still given out.
  void close();

 private:
  std::mutex m_mutex;
  std::condition_variable m_changed;
  std::vector<Task> m_tasks;  ///< Given out from the front.
  bool m_closed{false};
};

/// The one thread that changes the database.
class Writer {
 public:
  Writer(store::Connection connection, Deliver deliver);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  /// Runs what is queued, then ends.
  ~Writer();

  void submit(Task task) { m_queue.push(std::move(task)); }

 private:
  void run();
  /// Runs the tasks in one transaction and commits. @returns an answer for each
  std::vector<Answer> run_group(std::vector<Task>& tasks);
  Response run_in_savepoint(const Task& task);

  store::Connection m_connection;
  Deliver m_deliver;
  TaskQueue m_queue;
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

  Deliver m_deliver;
  TaskQueue m_queue;
  std::vector<std::thread> m_threads;
};

}  // namespace torc::server
