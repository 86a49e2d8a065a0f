#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "torc/client/api.hpp"

namespace torc::runner {

/// One rule of a failure handler: after which return codes a job runs again, and what is done before.
struct FailureRule {
  std::vector<std::int64_t> exit_codes{};
  bool match_all_exit_codes{false};
  std::string recovery_script{};  ///< A command line for bash; empty: none.
  std::int64_t max_retries{3};

  bool matches(std::int64_t return_code) const;
};

/// From a handler's JSON text. What cannot be understood is no rule.
std::vector<FailureRule> failure_rules_from(const std::string& text);

/// The failure handlers of a workflow, asked for when the first job fails. One thread.
class FailureRules {
 public:
  FailureRules(client::Api& api, model::Id workflow_id) : m_api(api), m_workflow_id(workflow_id) {}

  /// The first rule of the job's handler that matches; nothing where it has no handler, or that no such rule.
  /// @throws base::ApiError
  std::optional<FailureRule> find(const model::Job& job, std::int64_t return_code);

 private:
  client::Api& m_api;
  const model::Id m_workflow_id;
  std::optional<std::map<model::Id, std::vector<FailureRule>>> m_rules;  ///< By their handlers.
};

}  // namespace torc::runner
