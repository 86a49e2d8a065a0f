#pragma once

// A request and its response as handlers see them, independent of the network.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/model/json.hpp"
#include "torc/model/models.hpp"
#include "torc/store/changes.hpp"
#include "torc/store/records.hpp"

namespace torc::server {

using model::Id;

class Authenticator;

enum class Method { get, post, put, del };

/// Delays a response: the request is handled again when there may be something to claim in the workflow.
struct Hold {
  Id workflow_id{0};
  std::chrono::seconds time{0};  ///< After this time the response is sent unchanged.
};

/// Which events of a workflow a client follows.
struct EventFilter {
  Id workflow_id{0};
  store::Severity least{store::Severity::info};
};

struct Response {
  int status{200};
  std::string body{};  ///< JSON
  std::optional<Hold> hold{};
  /// Instead of a body: events from now on, until the client disconnects.
  std::optional<EventFilter> events{};
};

struct Request {
  Method method{Method::get};
  std::vector<std::pair<std::string_view, std::string>> path_values{};  ///< By the names in the route's pattern.
  std::vector<std::pair<std::string, std::string>> query{};             ///< Decoded, in the given order.
  std::string body{};
  /// The parsed body, once it was requested. Only one thread at a time handles the request.
  mutable std::optional<nlohmann::json> parsed{};
  std::string user{"anonymous"};
  std::chrono::milliseconds worker_timeout{};  ///< The server's setting; 0: none.
  bool additions{true};                        ///< Whether the server offers additions to torc 0.23.
  bool restricted{false};                      ///< The user sees only workflows that they have access to.
  Authenticator* authenticator{nullptr};       ///< Null if the server has no password file.

  /// A number in the path. @throws RequestError 400
  Id id(std::string_view name = "id") const;
  const std::string& path_text(std::string_view name) const;
  /// @throws RequestError 400
  model::JobStatus path_status() const;

  /// Parameters of the query; nothing if they are absent.
  /// @throws RequestError 400 for a value that does not parse
  std::optional<std::string> query_text(std::string_view name) const;
  std::optional<std::int64_t> query_int(std::string_view name) const;
  std::optional<bool> query_bool(std::string_view name) const;
  std::optional<model::JobStatus> query_status(std::string_view name) const;
  bool query_flag(std::string_view name) const { return query_bool(name).value_or(false); }
  /// @throws RequestError 400 if it is absent
  std::int64_t required_int(std::string_view name) const;

  /// offset, limit, sort_by, reverse_sort. @throws RequestError 422 for values out of range
  store::Paging paging() const;

  /// Parses the body at the first call. @throws RequestError 400 if it is not JSON
  const nlohmann::json& json() const;
  /// @throws RequestError 400; model::JsonError if a field is missing or has the wrong type
  template <typename T>
  T read() const {
    return model::from_json<T>(json());
  }
};

/// Response 200 with one model, a list of models or any JSON.
template <model::detail::Model T>
Response answer(const T& model) {
  Response response;
  model::append_json(response.body, model);
  return response;
}
template <model::detail::Model T>
Response answer(const std::vector<T>& models) {
  Response response;
  model::append_json(response.body, models);
  return response;
}
Response answer(const nlohmann::json& json);

/// The response to a listing.
template <typename T>
Response answer(const model::Page<T>& page) {
  Response response;
  response.body = "{\"items\":";
  model::append_json(response.body, page.items);
  response.body += ",\"offset\":" + std::to_string(page.offset) + ",\"max_limit\":" + std::to_string(page.max_limit) +
                   ",\"count\":" + std::to_string(page.items.size()) +
                   ",\"total_count\":" + std::to_string(page.total_count) +
                   ",\"has_more\":" + (page.has_more ? "true" : "false") + "}";
  return response;
}

}  // namespace torc::server
