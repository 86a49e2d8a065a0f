#include "client/rest_connection.hpp"

#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "client/rest_errors.hpp"
#include "torc/base/backoff.hpp"
#include "torc/base/error.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"

namespace torc::client {
namespace {

using Clock = std::chrono::steady_clock;

/// How long to retry failing connections: long enough to bridge most manual restarts of a server, short enough to
/// report a wrong address quickly.
constexpr std::chrono::milliseconds k_retry_limit{1'500};

net::HttpOptions http_options(const Connection& connection) {
  net::HttpOptions options;
  options.user = connection.user;
  options.password = connection.password;
  options.cookie_header = connection.cookie_header;
  options.tls_ca_cert = connection.tls_ca_cert;
  options.tls_insecure = connection.tls_insecure;
  return options;
}

std::string without_credentials(const std::string& url) {
  const auto host = url.find("://") + 3;
  const auto at = url.find('@', host);
  return at < url.find('/', host) ? url.substr(0, host) + url.substr(at + 1) : url;
}

/// Whether a retry may help and is safe.
bool may_repeat(const std::string& method, const net::HttpResponse& response) {
  const bool is_safe = !response.sent || method == "GET";
  const bool is_permanent = response.error.starts_with("timed out") ||
                            response.error.starts_with("could not resolve") ||
                            response.error.find("certificate") != std::string::npos;
  return response.status == 0 && is_safe && !is_permanent && !response.given_up && !response.over_limit;
}

}  // namespace

std::string normalized_url(const std::string& text) {
  std::string url(base::trim(text));
  while (url.ends_with('/')) {
    url.pop_back();
  }
  const std::string lower = base::to_lower(url);
  const std::size_t host = lower.starts_with("http://") ? 7 : lower.starts_with("https://") ? 8 : 0;
  const bool has_other_parts = url.find_first_of(" \t\r\n?#") != std::string::npos;
  if (host == 0 || host >= url.size() || url[host] == '/' || has_other_parts) {
    throw base::UsageError(
        fmt::format("'{}' is not the URL of a server; expected http://HOST:PORT/torc-service/v1", text));
  }
  return url.find('/', host) == std::string::npos ? url + "/torc-service/v1" : url;
}

Query& Query::add(const char* name, const std::string& value) {
  m_parameters.emplace_back(name, value);
  return *this;
}

Query& Query::add(const char* name, std::int64_t value) {
  return add(name, std::to_string(value));
}

Query& Query::add(const char* name, bool value) {
  return add(name, std::string(value ? "true" : "false"));
}

Query& Query::add(const char* name, model::JobStatus value) {
  return add(name, std::string(model::to_string(value)));
}

RestConnection::RestConnection(const Connection& connection)
    : m_http(http_options(connection)),
      m_url(normalized_url(connection.url)),
      m_shown_url(without_credentials(m_url)) {}

nlohmann::json RestConnection::get(const std::string& path, const Query& query) {
  return send("GET", path + query.text(), nullptr);
}

nlohmann::json RestConnection::post(const std::string& path, const Query& query, const nlohmann::json& body,
                                    const std::stop_token& stop) {
  return send("POST", path + query.text(), body, stop);
}

nlohmann::json RestConnection::put(const std::string& path, const nlohmann::json& body) {
  return send("PUT", path, body);
}

nlohmann::json RestConnection::remove(const std::string& path) {
  return send("DELETE", path, nullptr);
}

net::HttpResponse RestConnection::send_until_answered(const char* method, const std::string& path,
                                                      const std::string& body, const std::stop_token& stop) {
  const auto give_up = Clock::now() + k_retry_limit;
  for (int attempt = 1;; ++attempt) {
    auto response = m_http.request(method, m_url + path, body, stop);
    if (stop.stop_requested() || !may_repeat(method, response)) {
      return response;
    }
    const auto pause = net::retry_pause(attempt, base::random_jitter());
    if (Clock::now() + pause > give_up) {
      return response;
    }
    base::log_debug("{} {}: {}; again in {} ms", method, path, response.error, pause.count());
    std::this_thread::sleep_for(pause);
  }
}

nlohmann::json RestConnection::send(const char* method, const std::string& path, const nlohmann::json& body,
                                    const std::stop_token& stop) {
  const std::string what = fmt::format("{} {}", method, path.substr(0, path.find('?')));
  const auto started = Clock::now();
  const auto response = send_until_answered(method, path, body.is_null() ? "" : model::dump_json(body), stop);
  base::log_debug("{} {}: {} in {:.1f} ms", method, path, response.status,
                  std::chrono::duration<double, std::milli>(Clock::now() - started).count());
  if (response.over_limit) {
    throw_unexpected(what, response.error);
  }
  if (response.status == 0) {
    throw unreachable(response, m_shown_url, what);
  }
  if (response.status >= 300) {
    throw refusal(response, what);
  }
  m_received = response.body.size();
  if (base::trim(response.body).empty()) {
    return nullptr;
  }
  try {
    return model::parse_json(response.body);
  } catch (const model::JsonError& error) {
    throw_unexpected(what, error.what());
  }
}

ListProgress::ListProgress(std::string what) : m_what(std::move(what)) {}

void ListProgress::check(const nlohmann::json& page, std::int64_t offset, std::int64_t wanted, std::size_t bytes) {
  const auto& items = value_at(page, "items");
  const auto count = items.is_array() ? static_cast<std::int64_t>(items.size()) : 0;
  const auto& reported = value_at(page, "offset");
  if (count > wanted) {
    throw_unexpected(m_what, fmt::format("{} items were sent, {} were requested", count, wanted));
  }
  std::string first = count > 0 ? model::dump_json(items.front()) : "";
  const bool same = !first.empty() && first == m_first;
  if (same || (reported.is_number_integer() && reported != offset)) {
    throw_unexpected(m_what, fmt::format("its list does not advance at item {}", offset));
  }
  m_first = std::move(first);
  m_bytes += bytes;
  if (++m_pages > k_max_pages || m_bytes > net::k_max_body_bytes || Clock::now() - m_began > k_longest) {
    throw_unexpected(m_what, fmt::format("its list has no end; {} items were sent", offset + count));
  }
}

void throw_unexpected(const std::string& what, const std::string& why) {
  throw base::ApiError(200, "UnexpectedAnswer",
                       fmt::format("the answer does not look like that of a torc server: {} ({})", why, what));
}

const nlohmann::json& value_at(const nlohmann::json& answer, const char* name) {
  static const nlohmann::json k_null;
  const auto it = answer.is_object() ? answer.find(name) : answer.end();
  return it != answer.end() ? *it : k_null;
}

std::int64_t int_at(const nlohmann::json& answer, const char* name, const std::string& what) {
  try {
    return model::detail::read_int(name, value_at(answer, name));
  } catch (const model::JsonError& error) {
    throw_unexpected(what, error.what());
  }
}

bool bool_at(const nlohmann::json& answer, const char* name, const std::string& what) {
  try {
    return model::detail::read_bool(name, value_at(answer, name));
  } catch (const model::JsonError& error) {
    throw_unexpected(what, error.what());
  }
}

}  // namespace torc::client
