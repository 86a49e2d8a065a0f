#include "server/execution/event_hub.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace torc::server {

void EventHub::add(const EventFilter& filter, std::shared_ptr<EventSink> sink) {
  m_all.push_back({filter, std::move(sink)});
  m_listeners = static_cast<int>(m_all.size());
}

void EventHub::remove(const EventSink* sink) {
  std::erase_if(m_all, [&](const Listener& listener) { return listener.sink.get() == sink; });
  m_listeners = static_cast<int>(m_all.size());
}

std::vector<EventHub::Listener> EventHub::listeners_of(Id workflow_id) const {
  std::vector<Listener> found;
  for (const auto& listener : m_all) {
    if (listener.filter.workflow_id == workflow_id) {
      found.push_back(listener);
    }
  }
  return found;
}

void EventHub::publish(const std::vector<store::Notice>& notices, const std::set<Id>& deleted) {
  for (const auto& notice : notices) {
    std::string text;
    for (const auto& listener : listeners_of(notice.workflow_id)) {
      if (notice.severity >= listener.filter.least) {
        text = text.empty() ? event_text(notice) : std::move(text);
        listener.sink->send_event(text);
      }
    }
  }
  for (const Id id : deleted) {
    for (const auto& listener : listeners_of(id)) {
      listener.sink->end_events();
    }
  }
}

std::string event_text(const store::Notice& notice) {
  // Clients choose the type of the events that they post: it must not contain line breaks.
  std::string type = notice.type;
  std::replace_if(
      type.begin(), type.end(), [](unsigned char c) { return c < ' '; }, ' ');
  const nlohmann::json data{{"workflow_id", notice.workflow_id},
                            {"timestamp", notice.timestamp},
                            {"event_type", type},
                            {"severity", to_string(notice.severity)},
                            {"data", notice.data}};
  return fmt::format("event: {}\ndata: {}\n\n", type, model::dump_json(data));
}

}  // namespace torc::server
