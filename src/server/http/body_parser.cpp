#include "server/http/body_parser.hpp"

#include "server/errors.hpp"
#include "server/http/guarded.hpp"

namespace torc::server {

BodyParser::BodyParser(std::function<void(Task)> next) : m_next(std::move(next)), m_thread([this] { run(); }) {}

BodyParser::~BodyParser() {
  m_queue.close();
  m_thread.join();
}

void BodyParser::run() {
  bool running = true;
  while (running) {
    run_guarded("the thread that parses large bodies", [&] { running = run_once(); });
  }
}

bool BodyParser::run_once() {
  auto tasks = m_queue.pop(1);
  if (!tasks) {
    return false;
  }
  for (auto& task : *tasks) {
    try {
      task.request.json();
    } catch (...) {
      // The response is stored and sent when the task is run.
      task.refusal = response_of_current_exception();
    }
    m_next(std::move(task));
  }
  return true;
}

}  // namespace torc::server
