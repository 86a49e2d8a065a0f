#include "server/http/request.hpp"

#include <fmt/format.h>

#include "server/errors.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

[[noreturn]] void throw_bad_query(std::string_view name, const std::string& why) {
  throw RequestError(400, fmt::format("Failed to deserialize query string: {}: {}", name, why),
                     {{"field", std::string{name}}});
}

std::string known_statuses() {
  std::string names;
  for (const auto status : model::k_job_statuses) {
    names += fmt::format("{}`{}`", names.empty() ? "" : ", ", to_string(status));
  }
  return names;
}

std::string unknown_status(const std::string& text) {
  return fmt::format("unknown variant `{}`, expected one of {}", text, known_statuses());
}

}  // namespace

const std::string& Request::path_text(std::string_view name) const {
  for (const auto& [key, value] : path_values) {
    if (key == name) {
      return value;
    }
  }
  throw std::logic_error("the route's pattern has no such name");
}

Id Request::id(std::string_view name) const {
  const auto& text = path_text(name);
  const auto number = base::parse_int(text);
  if (!number) {
    throw RequestError(400, fmt::format("Invalid URL: Cannot parse `{}` to a `i64`", base::printable(text)),
                       {{"field", std::string{name}}});
  }
  return *number;
}

model::JobStatus Request::path_status() const {
  const auto& text = path_text("status");
  model::JobStatus status{};
  if (!model::parse(text, status)) {
    throw RequestError(400, "Invalid URL: " + unknown_status(text), {{"field", "status"}});
  }
  return status;
}

std::optional<std::string> Request::query_text(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [key, value] : query) {
    if (key == name) {
      if (found) {
        throw_bad_query(name, "given more than once");
      }
      found = value;
    }
  }
  return found;
}

std::optional<std::int64_t> Request::query_int(std::string_view name) const {
  const auto text = query_text(name);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  const auto number = base::parse_int(*text);
  if (!number) {
    throw_bad_query(name, fmt::format("`{}` is not a 64-bit integer", *text));
  }
  return number;
}

std::optional<bool> Request::query_bool(std::string_view name) const {
  const auto text = query_text(name);
  if (!text || text->empty()) {
    return std::nullopt;
  }
  // Python's clients write True.
  const std::string word = base::to_lower(*text);
  if (word != "true" && word != "false") {
    throw_bad_query(name, fmt::format("`{}` is neither true nor false", *text));
  }
  return word == "true";
}

std::optional<model::JobStatus> Request::query_status(std::string_view name) const {
  const auto text = query_text(name);
  if (!text) {
    return std::nullopt;
  }
  model::JobStatus status{};
  if (!model::parse(*text, status)) {
    throw_bad_query(name, unknown_status(*text));
  }
  return status;
}

std::int64_t Request::required_int(std::string_view name) const {
  const auto number = query_int(name);
  if (!number) {
    throw_bad_query(name, fmt::format("missing field `{}`", name));
  }
  return *number;
}

store::Paging Request::paging() const {
  store::Paging paging;
  paging.offset = query_int("offset").value_or(0);
  if (paging.offset < 0) {
    throw RequestError(422, fmt::format("offset must be >= 0, got {}", paging.offset), {{"field", "offset"}});
  }
  paging.limit = query_int("limit").value_or(model::k_page_limit);
  if (paging.limit < 0) {
    throw RequestError(422, fmt::format("limit must be >= 0, got {}", paging.limit), {{"field", "limit"}});
  }
  if (paging.limit > model::k_page_limit) {
    throw RequestError(422, fmt::format("Limit cannot exceed {}", model::k_page_limit), {{"field", "limit"}});
  }
  paging.sort_by = query_text("sort_by").value_or("");
  paging.reverse = query_flag("reverse_sort");
  return paging;
}

const nlohmann::json& Request::json() const {
  try {
    if (!parsed) {
      parsed = model::parse_json(body);
    }
    return *parsed;
  } catch (const model::JsonError& error) {
    throw RequestError(400, std::string{"Failed to parse the request body as JSON: "} + error.what(),
                       {{"field", "body"}});
  }
}

Response answer(const nlohmann::json& json) {
  return {200, model::dump_json(json)};
}

}  // namespace torc::server
