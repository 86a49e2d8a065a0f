#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "torc/app/fleet/fleet.hpp"
#include "torc/cli/command.hpp"
#include "torc/remote/worker.hpp"

// Output that the commands of `torc remote` share.

namespace torc::cli {

/// Prints a message on standard error without a prefix (as scripts expect it), or as JSON.
/// @returns the exit status
int fail_with(const Output& output, const std::string& message);

/// Prints that the workflow has no workers, and how to add some.
/// @returns the exit status
int fail_without_workers(const Output& output, model::Id workflow_id, const char* way_out);

/// One element of "workers" in `-f json`: {"worker", "host", "ok"}; the caller adds what applies.
nlohmann::json worker_json(const remote::Worker& worker, bool ok);
/// {"workflow_id", "ok": COUNT, "total", "workers"}
nlohmann::json remote_document(model::Id workflow_id, nlohmann::json workers);
/// The same with `row(worker, result)` for each worker.
template <typename Result, typename Row>
nlohmann::json fleet_document(model::Id workflow_id, const app::Outcomes<Result>& outcomes, Row&& row) {
  auto rows = nlohmann::json::array();
  for (const auto& [worker, result] : outcomes) {
    rows.push_back(row(worker, result));
  }
  return remote_document(workflow_id, std::move(rows));
}

/// Lines "  NAME: MESSAGE" below a heading.
std::string problem_list(const std::string& heading, const std::vector<std::string>& lines);

/// "SSH connectivity check failed for N worker(s):" with these lines and the remedy.
std::string connectivity_problem(const std::vector<std::string>& lines);
/// The same from names and reasons.
std::string connectivity_error(const std::vector<std::pair<std::string, std::string>>& name_and_reason);

}  // namespace torc::cli
