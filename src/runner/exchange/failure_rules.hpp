#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::runner {

/// One rule of a failure handler: the return codes after which a job is retried, and the command that runs before the
/// retry.
struct FailureRule {
  std::vector<std::int64_t> exit_codes{};
  bool match_all_exit_codes{false};
  std::string recovery_script{};  ///< A command line for bash; may be empty.
  std::int64_t max_retries{3};

  bool matches(std::int64_t return_code) const;
};

/// Parses a handler's JSON text. Invalid rules are ignored.
std::vector<FailureRule> failure_rules_from(const std::string& text);

/// The failure handlers of a workflow, loaded from the server when the first job fails. One thread.
class FailureRules {
 public:
  FailureRules(client::Api& api, model::Id workflow_id) : m_api(api), m_workflow_id(workflow_id) {}

  /// The first matching rule of the job's handler. No value if the job has no handler, or no rule matches.
  /// @throws base::ApiError
  std::optional<FailureRule> find(const model::Job& job, std::int64_t return_code);

 private:
  client::Api& m_api;
  const model::Id m_workflow_id;
  std::optional<std::map<model::Id, std::vector<FailureRule>>> m_rules;  ///< Key: the handler's id.
};

}  // namespace torc::runner
