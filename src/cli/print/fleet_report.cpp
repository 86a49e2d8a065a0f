#include "cli/print/fleet_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "torc/base/printable.hpp"

namespace torc::cli {

int fail_with(const Output& output, const std::string& message) {
  if (output.json()) {
    throw base::Error(message);
  }
  output.note(base::printable_line(message));
  return k_exit_failure;
}

int fail_without_workers(const Output& output, model::Id workflow_id, const char* way_out) {
  return fail_with(output, fmt::format("No workers configured for workflow {}. {}", workflow_id, way_out));
}

nlohmann::json worker_json(const remote::Worker& worker, bool ok) {
  return {{"worker", worker.stored}, {"host", worker.address.host}, {"ok", ok}};
}

nlohmann::json remote_document(model::Id workflow_id, nlohmann::json workers) {
  const auto is_ok = [](const nlohmann::json& each) { return each.at("ok").get<bool>(); };
  const auto good = std::count_if(workers.begin(), workers.end(), is_ok);
  const auto total = workers.size();
  return {{"workflow_id", workflow_id}, {"ok", good}, {"total", total}, {"workers", std::move(workers)}};
}

std::string problem_list(const std::string& heading, const std::vector<std::string>& lines) {
  std::string text = heading;
  for (const auto& line : lines) {
    text += "\n  " + line;
  }
  return text;
}

std::string connectivity_problem(const std::vector<std::string>& lines) {
  return problem_list(fmt::format("SSH connectivity check failed for {} worker(s):", lines.size()), lines) +
         "\nCheck that the host is up and that 'ssh HOST true' works without asking for a password.";
}

std::string connectivity_error(const std::vector<std::pair<std::string, std::string>>& name_and_reason) {
  std::vector<std::string> lines;
  for (const auto& [name, reason] : name_and_reason) {
    lines.push_back(fmt::format("{}: SSH connection failed to {}: {}", name, name, reason));
  }
  return connectivity_problem(lines);
}

}  // namespace torc::cli
