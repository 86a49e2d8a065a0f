#pragma once

#include <map>
#include <string>
#include <utility>

#include "support/recording_server.hpp"

namespace torc::support {

/// The answer of a torc 0.23 server to GET /version.
inline constexpr const char* k_plain_version = R"({"version": "0.23.0", "api_version": "0.12.0", "git_hash": "x"})";

using Answers = std::map<std::string, std::string>;

/// Answers requests from a table of "METHOD /path" (relative to the service's path, without the query) to bodies. Other
/// requests get 404 with an error body.
class CannedServer {
 public:
  explicit CannedServer(Answers answers, std::string version = k_plain_version)
      : m_answers(std::move(answers)), m_server([this](const Recorded& request) { return find(request); }) {
    m_answers.emplace("GET /version", std::move(version));
  }

  std::string url() const { return m_server.url(); }

  /// "METHOD /path?query BODY" of each request except those for the version, in order.
  std::vector<std::string> log() const {
    std::vector<std::string> lines;
    for (const auto& request : m_server.requests()) {
      const std::string body = request.body.empty() ? "" : " " + request.body;
      const std::string line = request.method + " " + path_of(request) + body;
      if (line != "GET /version") {
        lines.push_back(line);
      }
    }
    return lines;
  }

 private:
  static std::string path_of(const Recorded& request) {
    constexpr std::string_view k_base = "/torc-service/v1";
    return request.target.starts_with(k_base) ? request.target.substr(k_base.size()) : request.target;
  }

  std::string find(const Recorded& request) const {
    const std::string path = path_of(request);
    const auto it = m_answers.find(request.method + " " + path.substr(0, path.find('?')));
    return it != m_answers.end() ? answer(it->second)
                                 : answer(R"({"error": {"error": "NotFound", "message": "nothing there"}})", 404);
  }

  Answers m_answers;  // complete before the first request
  RecordingServer m_server;
};

}  // namespace torc::support
