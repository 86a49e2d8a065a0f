#pragma once

#include <string>

#include "torc/base/error.hpp"
#include "torc/net/http_client.hpp"

namespace torc::client {

/// What a server's refusal says: {"error": {"error": KIND, "message": TEXT}}, {"error": {"message": TEXT}}, plain text
/// or nothing at all.
/// @param what  The request, for the message: "GET /jobs/7". Holds no secret.
base::ApiError refusal(const net::HttpResponse& response, const std::string& what);

/// No answer came.
/// @param url  The server's, as people know it
base::ApiError unreachable(const net::HttpResponse& response, const std::string& url, const std::string& what);

}  // namespace torc::client
