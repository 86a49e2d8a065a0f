#pragma once

#include <exception>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "server/http/request.hpp"
#include "torc/base/error.hpp"
#include "torc/store/error.hpp"

namespace torc::server {

/// A request that is invalid regardless of the contents of the database.
class RequestError : public base::Error {
 public:
  /// @param details  Further fields of the error object.
  RequestError(int status, std::string message, nlohmann::json details = nlohmann::json::object())
      : base::Error(std::move(message)), m_status(status), m_details(std::move(details)) {}

  int status() const noexcept { return m_status; }
  const nlohmann::json& details() const noexcept { return m_details; }

 private:
  int m_status;
  nlohmann::json m_details;
};

/// {"error": {"error": KIND, "message": TEXT}} with the kind for the status.
Response error_response(int status, const std::string& message, nlohmann::json details = nlohmann::json::object());

/// The response to a failure of SQLite.
Response response_of(const store::StorageError& error);

/// The response to the exception that is being handled. Call this only in a catch block.
Response response_of_current_exception();

/// "OK", "Not Found", ...
const char* reason_phrase(int status);

}  // namespace torc::server
