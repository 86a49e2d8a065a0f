#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/client/rest_api.hpp"
#include "torc/model/json.hpp"
#include "torc/net/http_client.hpp"

namespace torc::client {

/// Names and values of a query. Absent values are omitted.
class Query {
 public:
  Query& add(const char* name, const std::string& value);
  Query& add(const char* name, std::int64_t value);
  Query& add(const char* name, bool value);
  Query& add(const char* name, model::JobStatus value);
  Query& add(const char* name, const char*) = delete;
  template <typename T>
  Query& add(const char* name, const std::optional<T>& value) {
    return value ? add(name, *value) : *this;
  }

  std::string text() const { return net::query_string(m_parameters); }

 private:
  std::vector<std::pair<std::string, std::string>> m_parameters;
};

/// Checks the pages of a listing, because a faulty server may repeat pages or send pages without end.
class ListProgress {
 public:
  /// @param what  The request, for messages.
  explicit ListProgress(std::string what);

  /// Checks a page before the next one is requested. A page must not have more items than `wanted`, must begin at
  /// `offset` if it reports its offset, and must not begin with the same item as the previous page. All pages together
  /// are limited to net::k_max_body_bytes bytes, k_max_pages pages, and the time k_longest.
  /// @param bytes  Size of the page's JSON.
  /// @throws base::ApiError
  void check(const nlohmann::json& page, std::int64_t offset, std::int64_t wanted, std::size_t bytes);

 private:
  using Clock = std::chrono::steady_clock;

  static constexpr int k_max_pages = 10'000;
  static constexpr std::chrono::minutes k_longest{15};

  std::string m_what;
  std::string m_first;  ///< The first item of the previous page, as JSON.
  std::size_t m_bytes{0};
  int m_pages{0};
  Clock::time_point m_began{Clock::now()};
};

/// Requests to one server: JSON bodies, refusals as exceptions, retries of failed connections if that is safe.
///
/// Every method throws base::ApiError. `path` starts with a slash and is already encoded.
class RestConnection {
 public:
  /// @throws base::UsageError if the URL is invalid
  explicit RestConnection(const Connection& connection);

  const std::string& url() const { return m_url; }
  /// The URL without any credentials in it.
  const std::string& shown_url() const { return m_shown_url; }

  void set_wait_limit(net::WaitLimit wait_limit) { m_http.set_wait_limit(std::move(wait_limit)); }

  nlohmann::json get(const std::string& path, const Query& query = {});
  /// @param stop  When requested, the request is abandoned at once, as if no answer had come.
  nlohmann::json post(const std::string& path, const Query& query = {}, const nlohmann::json& body = nullptr,
                      const std::stop_token& stop = {});
  nlohmann::json put(const std::string& path, const nlohmann::json& body = nullptr);
  nlohmann::json remove(const std::string& path);

  /// All items of a listing, or the part specified by `paging`.
  template <typename T>
  model::Page<T> list(const std::string& path, Query query, const Paging& paging);

 private:
  nlohmann::json send(const char* method, const std::string& path, const nlohmann::json& body,
                      const std::stop_token& stop = {});
  net::HttpResponse send_until_answered(const char* method, const std::string& path, const std::string& body,
                                        const std::stop_token& stop);

  net::HttpClient m_http;
  std::string m_url;
  std::string m_shown_url;
  std::size_t m_received{0};  ///< Body size in bytes of the last valid answer.
};

/// Parses a model in an answer. @throws base::ApiError if it is invalid
template <typename T>
T model_from(const nlohmann::json& answer, const std::string& what);

[[noreturn]] void throw_unexpected(const std::string& what, const std::string& why);

template <typename T>
T model_from(const nlohmann::json& answer, const std::string& what) {
  try {
    return model::from_json<T>(answer);
  } catch (const model::JsonError& error) {
    throw_unexpected(what, error.what());
  }
}

/// Parses an array of models. An absent array counts as empty.
template <typename T>
std::vector<T> models_from(const nlohmann::json& answer, const std::string& what) {
  std::vector<T> result;
  if (answer.is_null()) {
    return result;
  }
  if (!answer.is_array()) {
    throw_unexpected(what, "an array was expected");
  }
  result.reserve(answer.size());
  for (const auto& item : answer) {
    result.push_back(model_from<T>(item, what));
  }
  return result;
}

/// A field of an answer. @throws base::ApiError if it is missing or has the wrong type
std::int64_t int_at(const nlohmann::json& answer, const char* name, const std::string& what);
bool bool_at(const nlohmann::json& answer, const char* name, const std::string& what);
/// A field of an answer, null if it is missing.
const nlohmann::json& value_at(const nlohmann::json& answer, const char* name);

template <typename T>
model::Page<T> RestConnection::list(const std::string& path, Query query, const Paging& paging) {
  if (!paging.sort_by.empty()) {
    query.add("sort_by", paging.sort_by);
  }
  if (paging.reverse_sort) {
    query.add("reverse_sort", true);
  }
  model::Page<T> all;
  all.offset = paging.offset;
  const std::string what = "GET " + path;
  ListProgress progress(what);
  for (;;) {
    const auto have = static_cast<std::int64_t>(all.items.size());
    const auto wanted = std::min(paging.limit ? *paging.limit - have : model::k_page_limit, model::k_page_limit);
    Query page_query = query;
    page_query.add("offset", paging.offset + have).add("limit", wanted);
    const nlohmann::json page = get(path, page_query);
    progress.check(page, paging.offset + have, wanted, m_received);
    auto items = models_from<T>(value_at(page, "items"), what);
    const bool none = items.empty();
    all.items.insert(all.items.end(), std::make_move_iterator(items.begin()), std::make_move_iterator(items.end()));
    all.total_count = int_at(page, "total_count", what);
    all.has_more = bool_at(page, "has_more", what);
    const bool enough = paging.limit && static_cast<std::int64_t>(all.items.size()) >= *paging.limit;
    if (!all.has_more || none || enough) {
      return all;
    }
  }
}

}  // namespace torc::client
