#include "server/errors.hpp"

#include "torc/base/log.hpp"
#include "torc/model/json.hpp"

namespace torc::server {
namespace {

struct StatusName {
  int status;
  const char* phrase;  ///< For the status line.
  const char* kind;    ///< For the body.
};

constexpr StatusName k_statuses[] = {
    {200, "OK", ""},
    {400, "Bad Request", "BadRequest"},
    {401, "Unauthorized", "Unauthorized"},
    {403, "Forbidden", "Forbidden"},
    {404, "Not Found", "NotFound"},
    {405, "Method Not Allowed", "MethodNotAllowed"},
    {408, "Request Timeout", "RequestTimeout"},
    {409, "Conflict", "Conflict"},
    {413, "Payload Too Large", "PayloadTooLarge"},
    {415, "Unsupported Media Type", "UnsupportedMediaType"},
    {422, "Unprocessable Content", "UnprocessableContent"},
    {431, "Request Header Fields Too Large", "HeaderTooLarge"},
    {500, "Internal Server Error", "InternalServerError"},
    {503, "Service Unavailable", "ServiceUnavailable"},
    {507, "Insufficient Storage", "InsufficientStorage"},
};

const StatusName& name_of(int status) {
  for (const auto& name : k_statuses) {
    if (name.status == status) {
      return name;
    }
  }
  return name_of(500);
}

int status_of(store::Refused::Reason reason) {
  switch (reason) {
    case store::Refused::Reason::not_found:
      return 404;
    case store::Refused::Reason::conflict:
      return 409;
    case store::Refused::Reason::forbidden:
      return 403;
    case store::Refused::Reason::unprocessable:
      break;
  }
  return 422;
}

}  // namespace

const char* reason_phrase(int status) {
  return name_of(status).phrase;
}

Response error_response(int status, const std::string& message, nlohmann::json details) {
  details["error"] = name_of(status).kind;
  details["message"] = message;
  return {status, model::dump_json({{"error", std::move(details)}})};
}

Response response_of(const store::StorageError& error) {
  if (error.disk_full()) {
    return error_response(507,
                          "the disk of the server's database is full; nothing was changed. Free some space, then send "
                          "the request again");
  }
  if (error.busy()) {
    return error_response(503,
                          "another process on the server's machine has the database locked, so nothing was changed; "
                          "the server's log names it. Send the request again later");
  }
  return error_response(500, error.what());
}

Response response_of_current_exception() {
  try {
    throw;
  } catch (const RequestError& error) {
    return error_response(error.status(), error.what(), error.details());
  } catch (const store::Refused& error) {
    return error_response(status_of(error.reason()), error.what());
  } catch (const model::JsonError& error) {
    return error_response(422, error.what(), {{"field", error.field()}});
  } catch (const store::StorageError& error) {
    base::log_error("{}", error.what());
    return response_of(error);
  } catch (const std::exception& error) {
    base::log_error("a request failed: {}", error.what());
    return error_response(500, "the server failed to handle this request; see its log");
  } catch (...) {
    base::log_error("a request failed: unknown exception");
    return error_response(500, "the server failed to handle this request; see its log");
  }
}

}  // namespace torc::server
