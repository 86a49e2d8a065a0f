#include "server/service.hpp"

#include "server/additions.hpp"
#include "server/errors.hpp"
#include "torc/base/log.hpp"

namespace torc::server {
namespace {

std::vector<store::Connection> reading_connections(const store::Database& database, int count) {
  std::vector<store::Connection> connections;
  for (int i = 0; i < count; ++i) {
    connections.push_back(database.open(store::Connection::Mode::read));
  }
  return connections;
}

/// Minimum time between log entries about refusals, because web pages can cause any number of them.
constexpr std::chrono::seconds k_refusal_log_interval{1};

store::Connection writing_connection(const store::Database& database, const std::atomic<int>* listeners) {
  auto connection = database.open(store::Connection::Mode::write);
  connection.changes().listeners = listeners;
  return connection;
}

const std::vector<Route>& plain_routes() {
  static const std::vector<Route> plain = without_additions(routes());
  return plain;
}

}  // namespace

Service::Service(const store::Database& database, Deliver deliver, ServiceSettings settings)
    : m_rules(std::move(settings.rules)),
      m_enforce_access(settings.security.enforce_access),
      m_additions(settings.additions),
      m_worker_timeout(settings.worker_timeout),
      m_router(settings.additions ? routes() : plain_routes()),
      m_writer(
          writing_connection(database, settings.listeners), deliver, std::move(settings.announce),
          settings.worker_timeout, [&database] { return database.displacement(); }, settings.busy_timeout),
      m_parser([this](Task task) { m_writer.submit(std::move(task)); }),
      m_readers(reading_connections(database, settings.readers), deliver),
      m_connection(database.open(store::Connection::Mode::read)) {
  if (const auto& security = settings.security; !security.auth_file.empty()) {
    m_authenticator = std::make_unique<Authenticator>(security.auth_file, security.require_auth, std::move(deliver));
  }
}

void Service::handle(Incoming incoming, Reply reply) {
  // Only the end of a chunked body shows whether it is empty.
  if (const auto why = incoming.body.empty() ? std::nullopt : media_type_refusal(incoming.fields.media_type)) {
    reply(refused(*why, incoming));
    return;
  }
  Task task{.reply = std::move(reply), .gone = std::move(incoming.gone)};
  if (!prepare(incoming, task)) {
    return;
  }
  if (!m_authenticator) {
    dispatch(std::move(task));
    return;
  }
  const Route& route = *task.route;
  identify(route, incoming, [this, task = std::move(task)](Identity identity) mutable {
    if (identity.status != 200) {
      task.reply(error_response(identity.status, identity.message));
      return;
    }
    task.request.user = std::move(identity.user);
    dispatch(std::move(task));
  });
}

std::optional<Response> Service::refusal(const Incoming& head) {
  const auto why = refusal_by_rules(m_rules, head.method, head.target, head.fields);
  return why ? std::optional(refused(*why, head)) : std::nullopt;
}

Response Service::refused(const RuleRefusal& why, const Incoming& head) {
  const auto now = std::chrono::steady_clock::now();
  if (now >= m_next_refusal_log) {
    m_next_refusal_log = now + k_refusal_log_interval;
    base::log_warning("refused a request from {} ({}): {}", head.client, why.status, why.message);
  }
  return error_response(why.status, why.message);
}

void Service::end_waits() {
  m_writer.end_waits();
  if (m_authenticator) {
    m_authenticator->end_waits();
  }
}

void Service::admit(const Incoming& head, Admitted then) {
  try {
    Request request;
    const Route& route = m_router.find(head.method, head.target, request);
    identify(route, head, [then](const Identity& identity) {
      then(identity.status == 200 ? std::nullopt : std::optional(error_response(identity.status, identity.message)));
    });
  } catch (...) {
    then(response_of_current_exception());
  }
}

void Service::identify(const Route& route, const Incoming& head, Authenticator::Then then) {
  if (!m_authenticator || route.guard == guards::open) {
    then({});
  } else {
    m_authenticator->identify(head.authorization, head.client, std::move(then));
  }
}

bool Service::prepare(Incoming& incoming, Task& task) {
  try {
    task.route = &m_router.find(incoming.method, incoming.target, task.request);
    task.request.body = std::move(incoming.body);
    task.request.additions = m_additions;
    if (!m_additions) {
      drop_additions(*task.route, task.request);
    }
    task.request.restricted = m_enforce_access;
    task.request.worker_timeout = m_worker_timeout;
    task.request.authenticator = m_authenticator.get();
    return true;
  } catch (...) {
    task.reply(response_of_current_exception());
    return false;
  }
}

void Service::dispatch(Task task) {
  switch (task.route->access) {
    case Access::immediate:
      task.reply(run_handler(task, m_connection));
      break;
    case Access::read:
      m_readers.submit(std::move(task));
      break;
    case Access::write:
      if (task.request.body.size() >= k_large_body) {
        m_parser.submit(std::move(task));
      } else {
        m_writer.submit(std::move(task));
      }
      break;
  }
}

}  // namespace torc::server
