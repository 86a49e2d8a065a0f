#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "torc/app/fleet/fleet.hpp"
#include "torc/remote/start.hpp"

// What `torc remote run` says of starts.

namespace torc::cli {

/// "http://h:8080" of a URL, without login and path.
std::string server_address(const std::string& url);

std::string start_line(const remote::Worker& worker, const remote::StartResult& result);
nlohmann::json start_json(const remote::Worker& worker, const remote::StartResult& result);

/// All that is wrong with the workers, kind by kind; "" where nothing is.
std::string start_problems(const app::Outcomes<remote::StartResult>& outcomes, const std::string& server_url);

}  // namespace torc::cli
