#pragma once

#include <future>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "server/service.hpp"
#include "support/temp_dir.hpp"
#include "torc/model/json.hpp"

namespace torc::server {

/// Calls replies in the thread that made them, which is safe because replies of tests only set promises.
inline void reply_at_once(std::vector<Answer> answers) {
  for (auto& answer : answers) {
    answer.reply(std::move(answer.response));
  }
}

/// The fields of a request with a JSON body.
inline const BrowserFields k_json_fields{.media_type = {"application/json", 1}};

class ServiceTest : public testing::Test {
 protected:
  explicit ServiceTest(ServiceSettings settings = {}) : service(database, reply_at_once, std::move(settings)) {}

  std::future<Response> ask_later(const char* method, const std::string& path, std::string body = {}) {
    auto promise = std::make_shared<std::promise<Response>>();
    const std::string target = "/torc-service/v1" + path;
    service.handle({.method = method, .target = target, .body = std::move(body), .fields = k_json_fields},
                   [promise](Response response) { promise->set_value(std::move(response)); });
    return promise->get_future();
  }
  Response ask(const char* method, const std::string& path, std::string body = {}) {
    return ask_later(method, path, std::move(body)).get();
  }
  nlohmann::json json(const char* method, const std::string& path, std::string body = {}) {
    return model::parse_json(ask(method, path, std::move(body)).body);
  }
  void make_workflow() { ask("POST", "/workflows", R"({"name":"w","user":"u"})"); }

  support::TempDir dir;
  store::Database database{dir / "torc.db"};
  Service service;
};

}  // namespace torc::server
