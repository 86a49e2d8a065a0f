#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

#include <nlohmann/json.hpp>

#include "workflow_file/draft.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::array<std::string_view, 2> k_handler_keys{"name", "rules"};
constexpr std::array<std::string_view, 4> k_rule_keys{"exit_codes", "match_all_exit_codes", "recovery_script",
                                                      "max_retries"};
constexpr Keys k_handler{"a failure handler", k_handler_keys};
constexpr Keys k_rule{"a rule of a failure handler", k_rule_keys};

constexpr std::int64_t k_default_retries = 3;

/// Omitted keys of a rule stay omitted, as in torc 0.23.
nlohmann::ordered_json read_rule(const Document& document, const Node& node) {
  const Fields fields(document, node, k_rule);
  nlohmann::ordered_json rule;
  for (const auto& member : fields.list("exit_codes")) {
    rule["exit_codes"].push_back(integer_of(document, *member.value, "exit_codes", 0, k_max_exit_code));
  }
  if (fields.boolean("match_all_exit_codes").value_or(false)) {
    rule["match_all_exit_codes"] = true;
  }
  if (rule.is_null()) {
    fail(document, node, "a rule needs 'exit_codes', or 'match_all_exit_codes: true'");
  }
  if (fields.find("recovery_script") != nullptr) {
    rule["recovery_script"] = fields.required_text("recovery_script");
  }
  rule["max_retries"] =
      fields.integer("max_retries", 0, std::numeric_limits<std::int32_t>::max()).value_or(k_default_retries);
  return rule;
}

}  // namespace

void read_failure_handlers(const Fields& top, Draft& draft) {
  for (const auto& member : top.list("failure_handlers")) {
    const Fields fields(top.document(), *member.value, k_handler);
    model::FailureHandler handler;
    handler.name = fields.required_text("name");
    auto rules = nlohmann::ordered_json::array();
    for (const auto& rule : fields.list("rules")) {
      rules.push_back(read_rule(top.document(), *rule.value));
    }
    if (rules.empty()) {
      fail(top.document(), *member.value, "'rules' is missing in a failure handler");
    }
    handler.rules = rules.dump();
    draft.description.failure_handlers.push_back(std::move(handler));
    draft.failure_handler_nodes.push_back(member.value);
  }
}

}  // namespace torc::workflow_file
