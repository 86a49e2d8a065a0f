#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "torc/app/fleet/fleet.hpp"
#include "torc/remote/start.hpp"

// The texts and JSON of `torc remote run` about starts.

namespace torc::cli {

/// The URL without login and path: "http://h:8080".
std::string server_address(const std::string& url);

std::string start_line(const remote::Worker& worker, const remote::StartResult& result);
nlohmann::json start_json(const remote::Worker& worker, const remote::StartResult& result);

/// All problems of the workers, grouped by kind; "" if there are none.
std::string start_problems(const app::Outcomes<remote::StartResult>& outcomes, const std::string& server_url);

}  // namespace torc::cli
