#include "server/additions.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

namespace torc::server {
namespace {

constexpr std::array k_operations{
    std::string_view{"/workflows/{id}/batch_complete_jobs"},
    std::string_view{"/workflows/{id}/summary"},
    std::string_view{"/compute_nodes/{id}/heartbeat"},
};

struct Parameter {
  std::string_view pattern;
  std::string_view name;
};

constexpr std::string_view k_claim = "/workflows/{id}/claim_next_jobs";
constexpr std::string_view k_claim_by_resources = "/workflows/{id}/claim_jobs_based_on_resources/{limit}";
constexpr std::string_view k_initialize = "/workflows/{id}/initialize_jobs";

constexpr std::array k_parameters{
    Parameter{k_claim, "compute_node_id"},
    Parameter{k_claim, "start"},
    Parameter{k_claim, "run_id"},
    Parameter{k_claim, "wait"},
    Parameter{k_claim_by_resources, "compute_node_id"},
    Parameter{k_claim_by_resources, "start"},
    Parameter{k_claim_by_resources, "run_id"},
    Parameter{k_claim_by_resources, "wait"},
    Parameter{k_initialize, "next_run"},
    Parameter{k_initialize, "if_uninitialized"},
    Parameter{"/jobs/{id}/retry/{run_id}", "reason"},
    Parameter{"/jobs/{id}/retry/{run_id}", "attempt_id"},
};

}  // namespace

std::vector<Route> without_additions(const std::vector<Route>& all) {
  std::vector<Route> kept;
  std::copy_if(all.begin(), all.end(), std::back_inserter(kept), [](const Route& route) {
    return std::find(k_operations.begin(), k_operations.end(), route.pattern) == k_operations.end();
  });
  return kept;
}

void drop_additions(const Route& route, Request& request) {
  std::erase_if(request.query, [&](const auto& given) {
    return std::any_of(k_parameters.begin(), k_parameters.end(), [&](const Parameter& parameter) {
      return parameter.pattern == route.pattern && parameter.name == given.first;
    });
  });
}

}  // namespace torc::server
