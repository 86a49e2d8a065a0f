#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"

namespace torc::server::events {

using model::Event;

namespace {

/// The server sets the time, so that a listing of events after a given time misses none.
Event read_event(const Request& request) {
  const auto& body = request.json();
  auto event = model::from_json<Event>(body);
  if (!body.contains("data")) {
    model::detail::throw_missing("data");
  }
  event.timestamp = base::unix_millis_now();
  return event;
}

}  // namespace

Response stream(const Request& request, store::Connection& connection) {
  Response response;
  response.events = EventFilter{.workflow_id = request.id()};
  if (const auto level = request.query_text("level"); level && !store::parse(*level, response.events->least)) {
    throw RequestError(422,
                       fmt::format("level: '{}' is not one of debug, info, warning, error", base::printable(*level)),
                       {{"field", "level"}});
  }
  store::require_workflow(connection, request.id());
  return response;
}

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  if (auto category = request.query_text("category")) {
    filter.where("json_extract(data, '$.category') = ?", std::move(*category));
  }
  if (const auto after = request.query_int("after_timestamp")) {
    filter.where("timestamp > ?", *after);
  }
  return answer(store::list<Event>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto event = read_event(request);
  store::require_workflow(connection, event.workflow_id);
  event.id = store::insert(connection, event);
  store::notify_of_event(connection, event.workflow_id, event.data);
  return answer(event);
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<Event>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  // The body is either the event or only its data.
  const auto& body = request.json();
  auto event = store::get<Event>(connection, request.id());
  event.data = body.is_object() && body.contains("data") ? body["data"] : body;
  store::update(connection, request.id(), event);
  return answer(event);
}

Response remove(const Request& request, store::Connection& connection) {
  return remove_record<Event>(request, connection);
}

Response remove_all(const Request& request, store::Connection& connection) {
  return remove_records<Event>(request, connection);
}

}  // namespace torc::server::events
