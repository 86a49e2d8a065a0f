#include "client/rest_errors.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::client {
namespace {

struct Refusal {
  std::string kind;
  std::string message;
};

std::string string_at(const nlohmann::json& object, const char* name) {
  const auto it = object.is_object() ? object.find(name) : object.end();
  return it != object.end() && it->is_string() ? it->get<std::string>() : "";
}

Refusal from_json(const nlohmann::json& body) {
  if (!body.is_object()) {
    return {};
  }
  const auto error = body.find("error");
  if (error == body.end()) {
    return {{}, string_at(body, "message")};
  }
  if (error->is_string()) {
    return {{}, error->get<std::string>()};
  }
  return {string_at(*error, "error"), string_at(*error, "message")};
}

Refusal parse(const net::HttpResponse& response) {
  try {
    return from_json(model::parse_json(response.body));
  } catch (const model::JsonError&) {
    // Plain text, of which the first line is used; or an HTML page of a proxy, which is ignored.
    if (response.content_type.starts_with("text/html")) {
      return {};
    }
    const auto lines = base::split_lines(base::trim(response.body));
    return {{}, lines.empty() ? "" : lines.front().substr(0, 300)};
  }
}

std::string words_for(int status) {
  if (status == 401) {
    return "the server requires a user name and password";
  }
  if (status == 403) {
    return "not allowed";
  }
  if (status >= 300 && status < 400) {
    return fmt::format("the server redirects to another address (HTTP {}); check --url, or set --cookie-header",
                       status);
  }
  if (status == 404) {
    return "not found (HTTP 404); is the URL that of a torc server?";
  }
  return fmt::format("the server answered HTTP {}", status);
}

}  // namespace

base::ApiError refusal(const net::HttpResponse& response, const std::string& what) {
  Refusal found = parse(response);
  std::string text = found.message.empty() ? words_for(response.status) : found.message;
  if (response.status == 401) {
    text += "; set TORC_PASSWORD (and TORC_USERNAME), or use --prompt-password";
  }
  return {response.status, std::move(found.kind), fmt::format("{} ({})", text, what)};
}

base::ApiError unreachable(const net::HttpResponse& response, const std::string& url, const std::string& what) {
  if (response.sent) {
    return {0, "Unreachable", fmt::format("no answer from the server at {}: {} ({})", url, response.error, what),
            response.error};
  }
  return {0, "Unreachable",
          fmt::format("cannot reach the server at {}: {}. Is it running? Start one with 'torc server run', or set its "
                      "address with --url or TORC_API_URL",
                      url, response.error),
          response.error};
}

}  // namespace torc::client
