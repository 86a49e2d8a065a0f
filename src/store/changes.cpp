#include "torc/store/changes.hpp"

#include "torc/base/units.hpp"
#include "torc/store/connection.hpp"
#include "torc/store/workflows.hpp"

namespace torc::store {
namespace {

std::string text_at(const nlohmann::json& data, const char* name) {
  if (!data.is_object()) {
    return {};
  }
  const auto it = data.find(name);
  return it != data.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

/// The default severity of a stored event.
Severity severity_of(std::string_view type) {
  if (type == "job_retried" || type == "workflow_canceled" || type == "compute_node_lost") {
    return Severity::warning;
  }
  const bool is_failure = type == "job_start_failed" || type == "job_lost" || type == "job_output_missing";
  return is_failure ? Severity::error : Severity::info;
}

}  // namespace

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::debug:
      return "debug";
    case Severity::info:
      return "info";
    case Severity::warning:
      return "warning";
    case Severity::error:
      break;
  }
  return "error";
}

bool parse(std::string_view text, Severity& severity) {
  for (const auto known : {Severity::debug, Severity::info, Severity::warning, Severity::error}) {
    if (text == to_string(known)) {
      severity = known;
      return true;
    }
  }
  return false;
}

void notify(Connection& connection, Id workflow_id, std::string type, Severity severity, nlohmann::json data) {
  auto& changes = connection.changes();
  if (changes.wanted()) {
    changes.notices.push_back({.workflow_id = workflow_id,
                               .timestamp = base::unix_millis_now(),
                               .type = std::move(type),
                               .severity = severity,
                               .data = std::move(data)});
  }
}

void notify_of_event(Connection& connection, Id workflow_id, const nlohmann::json& data) {
  if (!connection.changes().wanted()) {
    return;
  }
  std::string type = text_at(data, "event_type");
  if (type.empty()) {
    type = text_at(data, "category");
  }
  Severity severity{};
  if (!parse(text_at(data, "severity"), severity)) {
    severity = severity_of(type);
  }
  notify(connection, workflow_id, type.empty() ? "event" : std::move(type), severity, data);
}

}  // namespace torc::store
