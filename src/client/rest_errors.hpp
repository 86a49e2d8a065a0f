#pragma once

#include <string>

#include "torc/base/error.hpp"
#include "torc/net/http_client.hpp"

namespace torc::client {

/// The error in a server's refusal: {"error": {"error": KIND, "message": TEXT}}, {"error": {"message": TEXT}}, plain
/// text or an empty body.
/// @param what  The request, for the message: "GET /jobs/7". Must not contain secrets.
base::ApiError refusal(const net::HttpResponse& response, const std::string& what);

/// The error for a request that got no answer.
/// @param url  The server's URL without credentials.
base::ApiError unreachable(const net::HttpResponse& response, const std::string& url, const std::string& what);

}  // namespace torc::client
