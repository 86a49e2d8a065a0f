#include "runner/exchange/failure_rules.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace torc::runner {
namespace {

std::optional<FailureRule> rule_from(const nlohmann::json& object) {
  try {
    FailureRule rule;
    if (const auto it = object.find("exit_codes"); it != object.end() && !it->is_null()) {
      rule.exit_codes = it->get<std::vector<std::int64_t>>();
    }
    if (const auto it = object.find("recovery_script"); it != object.end() && !it->is_null()) {
      rule.recovery_script = it->get<std::string>();
    }
    rule.match_all_exit_codes = object.value("match_all_exit_codes", false);
    rule.max_retries = object.value("max_retries", rule.max_retries);
    return rule;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace

bool FailureRule::matches(std::int64_t return_code) const {
  return match_all_exit_codes || std::find(exit_codes.begin(), exit_codes.end(), return_code) != exit_codes.end();
}

std::vector<FailureRule> failure_rules_from(const std::string& text) {
  std::vector<FailureRule> rules;
  const auto list = nlohmann::json::parse(text, nullptr, false);
  if (list.is_array()) {
    for (const auto& object : list) {
      if (auto rule = rule_from(object)) {
        rules.push_back(std::move(*rule));
      }
    }
  }
  return rules;
}

std::optional<FailureRule> FailureRules::find(const model::Job& job, std::int64_t return_code) {
  if (!m_rules) {
    std::map<model::Id, std::vector<FailureRule>> found;
    for (const auto& handler : m_api.list_failure_handlers(m_workflow_id)) {
      found[handler.id.value_or(0)] = failure_rules_from(handler.rules);
    }
    m_rules = std::move(found);
  }
  if (m_rules->empty()) {
    return std::nullopt;
  }
  const auto rules = m_rules->find(job.failure_handler_id.value_or(0));
  if (rules == m_rules->end()) {
    return std::nullopt;
  }
  const auto rule = std::find_if(rules->second.begin(), rules->second.end(),
                                 [&](const auto& each) { return each.matches(return_code); });
  return rule == rules->second.end() ? std::nullopt : std::optional(*rule);
}

}  // namespace torc::runner
