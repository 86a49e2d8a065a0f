#include "server/router.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "server/errors.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

constexpr std::size_t k_max_segments = 16;

/// The segments between slashes; "/a/" has two, the second of which is empty, so it differs from "/a".
std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> parts;
  std::size_t start = 1;
  while (start <= path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    parts.push_back(path.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

/// Removes the origin from a target in the form that proxies use: "http://host/path".
std::string_view without_origin(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.starts_with(scheme)) {
      return target.substr(std::min(target.find('/', scheme.size()), target.size()));
    }
  }
  return target;
}

bool is_name(std::string_view segment) {
  return segment.starts_with('{');
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (is_name(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  if (c >= 'a' && c <= 'f') {
    return c - 'a' + 10;
  }
  if (c >= 'A' && c <= 'F') {
    return c - 'A' + 10;
  }
  return -1;
}

void parse_query(std::string_view text, Request& request) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (pair.empty()) {
      continue;
    }
    const std::size_t equals = std::min(pair.find('='), pair.size());
    const std::string_view value = equals == pair.size() ? std::string_view{} : pair.substr(equals + 1);
    request.query.emplace_back(percent_decode(pair.substr(0, equals), true), percent_decode(value, true));
  }
}

std::optional<Method> method_of(std::string_view word) {
  if (word == "GET") {
    return Method::get;
  }
  if (word == "POST") {
    return Method::post;
  }
  if (word == "PUT") {
    return Method::put;
  }
  if (word == "DELETE") {
    return Method::del;
  }
  return std::nullopt;
}

std::string shortened(std::string_view target) {
  return base::printable(target.size() > 200 ? std::string{target.substr(0, 200)} + "..." : std::string{target});
}

}  // namespace

std::string percent_decode(std::string_view text, bool is_query) {
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        throw RequestError(400, "Invalid URL: '%' is not followed by two hex digits");
      }
      result += static_cast<char>(high * 16 + low);
      i += 2;
    } else if (text[i] == '+' && is_query) {
      result += ' ';
    } else {
      result += text[i];
    }
  }
  if (const auto valid = base::valid_utf8_prefix(result); valid < result.size()) {
    throw RequestError(400, fmt::format("Invalid URL: '{}' is not UTF-8 text", shortened(text)));
  }
  if (result.find('\0') != std::string::npos) {
    throw RequestError(400, fmt::format("Invalid URL: '{}' contains a NUL byte", shortened(text)));
  }
  return result;
}

Router::Router(const std::vector<Route>& routes) : m_by_length(k_max_segments + 1) {
  for (const auto& route : routes) {
    auto segments = segments_of(route.pattern);
    m_by_length.at(segments.size()).push_back({&route, std::move(segments)});
  }
}

Router::Match Router::match(Method method, std::string_view target, Request& request) const {
  target = without_origin(target);
  const std::size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  if (!path.starts_with(k_prefix) || (path.size() > k_prefix.size() && path[k_prefix.size()] != '/')) {
    return {};
  }
  path.remove_prefix(k_prefix.size());
  const auto parts = segments_of(path);
  if (parts.size() > k_max_segments) {
    return {};
  }
  Match match;
  const Entry* chosen = nullptr;
  // If a literal pattern and one with parameters both match, the literal one comes first in the list of routes.
  for (const auto& entry : m_by_length[parts.size()]) {
    if (fits(entry.segments, parts)) {
      match.path_known = true;
      if (entry.route->method == method) {
        chosen = &entry;
        break;
      }
    }
  }
  if (chosen == nullptr) {
    return match;
  }
  match.route = chosen->route;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::string_view name = chosen->segments[i];
    if (is_name(name)) {
      request.path_values.emplace_back(name.substr(1, name.size() - 2), percent_decode(parts[i], false));
    }
  }
  if (question < target.size()) {
    parse_query(target.substr(question + 1), request);
  }
  return match;
}

const Route& Router::find(std::string_view method, std::string_view target, Request& request) const {
  const auto known = method_of(method);
  const auto found = match(known.value_or(Method::get), target, request);
  if (found.route == nullptr && !found.path_known) {
    throw RequestError(404, fmt::format("there is nothing at {}; paths begin with {}", shortened(target), k_prefix));
  }
  if (found.route == nullptr || !known) {
    throw RequestError(405, fmt::format("{} does not support {}", shortened(target), base::printable(method)));
  }
  request.method = *known;
  return *found.route;
}

}  // namespace torc::server
