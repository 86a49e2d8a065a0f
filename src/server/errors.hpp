#pragma once

#include <exception>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "server/http/request.hpp"
#include "torc/base/error.hpp"
#include "torc/store/error.hpp"

namespace torc::server {

/// A request that is wrong by itself, whatever the database holds.
class RequestError : public base::Error {
 public:
  /// @param details  Further fields of the error's object.
  RequestError(int status, std::string message, nlohmann::json details = nlohmann::json::object())
      : base::Error(std::move(message)), m_status(status), m_details(std::move(details)) {}

  int status() const noexcept { return m_status; }
  const nlohmann::json& details() const noexcept { return m_details; }

 private:
  int m_status;
  nlohmann::json m_details;
};

/// {"error": {"error": KIND, "message": TEXT}} with the kind that belongs to the status.
Response error_response(int status, const std::string& message, nlohmann::json details = nlohmann::json::object());

/// What the caller is told about a failure of SQLite.
Response response_of(const store::StorageError& error);

/// What the caller is told about the exception that is being handled. To be called in a catch block.
Response response_of_current_exception();

/// "OK", "Not Found", ...
const char* reason_phrase(int status);

}  // namespace torc::server
