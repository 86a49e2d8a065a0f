#include "server/service.hpp"

#include "server/errors.hpp"

namespace torc::server {
namespace {

constexpr int k_readers = 2;

std::vector<store::Connection> reading_connections(const store::Database& database) {
  std::vector<store::Connection> connections;
  for (int i = 0; i < k_readers; ++i) {
    connections.push_back(database.open(store::Connection::Mode::read));
  }
  return connections;
}

}  // namespace

Service::Service(const store::Database& database, Deliver deliver)
    : m_router(routes()),
      m_writer(database.open(store::Connection::Mode::write), deliver),
      m_readers(reading_connections(database), deliver),
      m_connection(database.open(store::Connection::Mode::read)) {}

void Service::handle(Incoming incoming, Reply reply) {
  Task task{nullptr, {}, std::move(reply)};
  try {
    task.route = &m_router.find(incoming.method, incoming.target, task.request);
    task.request.body = std::move(incoming.body);
  } catch (...) {
    task.reply(response_of_current_exception());
    return;
  }
  switch (task.route->access) {
    case Access::immediate:
      task.reply(run_handler(task, m_connection));
      break;
    case Access::read:
      m_readers.submit(std::move(task));
      break;
    case Access::write:
      m_writer.submit(std::move(task));
      break;
  }
}

}  // namespace torc::server
