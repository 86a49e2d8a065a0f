#pragma once

// Parsing a body of many megabytes takes seconds. It is done before the request reaches the writer, which would delay
// all other changes.

#include <functional>
#include <thread>

#include "server/execution/executor.hpp"

namespace torc::server {

/// A thread that parses large bodies and passes the requests on.
class BodyParser {
 public:
  /// @param next  Called by this object's thread for each task, in order of arrival.
  explicit BodyParser(std::function<void(Task)> next);
  BodyParser(const BodyParser&) = delete;
  BodyParser& operator=(const BodyParser&) = delete;
  /// Passes on all queued tasks, then ends.
  ~BodyParser();

  void submit(Task task) { m_queue.push(std::move(task)); }

 private:
  void run();
  /// Waits for a task and passes it on. @returns false if there will be no more
  bool run_once();

  std::function<void(Task)> m_next;
  TaskQueue m_queue;
  std::thread m_thread;
};

}  // namespace torc::server
