#pragma once

// Bodies of many megabytes take seconds to parse. The one writer, for whom all other changes wait, gets those parsed.

#include <functional>
#include <thread>

#include "server/execution/executor.hpp"

namespace torc::server {

/// A thread that parses large bodies and hands the requests on.
class BodyParser {
 public:
  /// @param next  Called by this object's thread for each task, in the order they came.
  explicit BodyParser(std::function<void(Task)> next);
  BodyParser(const BodyParser&) = delete;
  BodyParser& operator=(const BodyParser&) = delete;
  /// Hands on what is queued, then ends.
  ~BodyParser();

  void submit(Task task) { m_queue.push(std::move(task)); }

 private:
  void run();
  /// Waits for a task and hands it on. @returns false once nothing more comes
  bool run_once();

  std::function<void(Task)> m_next;
  TaskQueue m_queue;
  std::thread m_thread;
};

}  // namespace torc::server
