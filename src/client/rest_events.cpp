#include "client/rest_api.hpp"

namespace torc::client {

model::Event RestApi::create_event(const model::Event& event) {
  return model_from<model::Event>(server().post("/events", {}, model::to_json(event)), "POST /events");
}

model::Page<model::Event> RestApi::list_events(model::Id workflow_id, const EventFilter& filter) {
  Query query;
  query.add("workflow_id", workflow_id).add("category", filter.category).add("after_timestamp", filter.after_timestamp);
  return server().list<model::Event>("/events", query, filter.paging);
}

}  // namespace torc::client
