#pragma once

// Common parts of the resources that belong to a workflow.

#include <string>

#include "server/http/request.hpp"
#include "torc/store/records.hpp"
#include "torc/store/workflows.hpp"

namespace torc::server {

/// The filter of a listing for the workflow in the query, which must exist.
inline store::Filter workflow_filter(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.required_int("workflow_id");
  store::require_workflow(connection, workflow_id);
  store::Filter filter;
  filter.equals("workflow_id", workflow_id);
  return filter;
}

/// The filter of a listing below /workflows/{id}.
inline store::Filter filter_of_path(const Request& request, store::Connection& connection) {
  store::require_workflow(connection, request.id());
  store::Filter filter;
  filter.equals("workflow_id", request.id());
  return filter;
}

/// Adds "COLUMN = value" if the query has the parameter.
inline void filter_text(store::Filter& filter, const Request& request, const char* column) {
  if (auto value = request.query_text(column)) {
    filter.equals(column, std::move(*value));
  }
}
inline void filter_int(store::Filter& filter, const Request& request, const char* column) {
  if (const auto value = request.query_int(column)) {
    filter.equals(column, *value);
  }
}
inline void filter_bool(store::Filter& filter, const Request& request, const char* column) {
  if (const auto value = request.query_bool(column)) {
    filter.equals(column, std::int64_t{*value});
  }
}

/// Stores the body; responds with the new record including its ID.
template <typename T>
Response create_record(const Request& request, store::Connection& connection) {
  auto record = request.read<T>();
  store::require_workflow(connection, record.workflow_id);
  record.id = store::insert(connection, record);
  return answer(record);
}

template <typename T>
Response get_record(const Request& request, store::Connection& connection) {
  return answer(store::get<T>(connection, request.id()));
}

/// Changes the fields in the body; responds with the whole record.
template <typename T>
Response update_record(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  store::update(connection, id, request.read<T>());
  return answer(store::get<T>(connection, id));
}

template <typename T>
Response remove_record(const Request& request, store::Connection& connection) {
  return answer(store::remove<T>(connection, request.id()));
}

template <typename T>
Response remove_records(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.required_int("workflow_id");
  store::require_workflow(connection, workflow_id);
  return answer(nlohmann::json{{"count", store::remove_all<T>(connection, workflow_id)}});
}

}  // namespace torc::server
