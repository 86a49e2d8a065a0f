#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/resources/crud.hpp"
#include "torc/base/units.hpp"

namespace torc::server::resource_requirements {
namespace {

using model::ResourceRequirements;

void check_count(const char* field, const std::optional<std::int64_t>& count) {
  if (count.value_or(0) < 0) {
    throw RequestError(422, fmt::format("{} must be >= 0, got {}", field, *count),
                       {{"field", field}, {"value", *count}});
  }
}

/// Stores memory and runtime as numbers beside their texts.
void record_amounts(store::Connection& connection, const ResourceRequirements& requirements) {
  const auto& memory = requirements.memory.value_or("1m");
  const auto bytes = base::parse_memory(memory);
  if (!bytes) {
    throw RequestError(
        422, fmt::format("Invalid memory format '{}': expected digits and k, m, g or t, such as 512m", memory),
        {{"field", "memory"}, {"value", memory}});
  }
  const auto& runtime = requirements.runtime.value_or("PT1M");
  const auto duration = base::parse_iso_duration(runtime);
  if (!duration) {
    throw RequestError(
        422, fmt::format("Invalid runtime format '{}': expected an ISO 8601 duration such as PT2H30M", runtime),
        {{"field", "runtime"}, {"value", runtime}});
  }
  check_count("num_cpus", requirements.num_cpus);
  check_count("num_gpus", requirements.num_gpus);
  check_count("num_nodes", requirements.num_nodes);
  store::record_amounts(connection, *requirements.id, *bytes, duration->count() / 1000);
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  auto filter = workflow_filter(request, connection);
  filter_text(filter, request, "name");
  filter_text(filter, request, "memory");
  filter_int(filter, request, "num_cpus");
  filter_int(filter, request, "num_gpus");
  filter_int(filter, request, "num_nodes");
  if (const auto id = request.query_int("job_id")) {
    filter.where("id IN (SELECT resource_requirements_id FROM jobs WHERE id = ?)", *id);
  }
  return answer(store::list<ResourceRequirements>(connection, filter, request.paging()));
}

Response create(const Request& request, store::Connection& connection) {
  auto requirements = request.read<ResourceRequirements>();
  store::require_workflow(connection, requirements.workflow_id);
  requirements.id = store::insert(connection, requirements);
  record_amounts(connection, requirements);
  return answer(store::get<ResourceRequirements>(connection, *requirements.id));
}

Response get(const Request& request, store::Connection& connection) {
  return get_record<ResourceRequirements>(request, connection);
}

Response update(const Request& request, store::Connection& connection) {
  const Id id = request.id();
  store::update(connection, id, request.read<ResourceRequirements>());
  const auto now = store::get<ResourceRequirements>(connection, id);
  record_amounts(connection, now);
  connection.changes().claimable.insert(now.workflow_id);
  store::add_event(connection, now.workflow_id,
                   {{"action", "update_resource_requirements"},
                    {"category", "user_action"},
                    {"memory", *now.memory},
                    {"name", now.name},
                    {"num_cpus", *now.num_cpus},
                    {"num_gpus", *now.num_gpus},
                    {"num_nodes", *now.num_nodes},
                    {"resource_requirements_id", id},
                    {"runtime", *now.runtime},
                    {"user", request.user}});
  return answer(now);
}

Response remove(const Request& request, store::Connection& connection) {
  return answer(store::remove_requirements(connection, request.id()));
}

Response remove_all(const Request& request, store::Connection& connection) {
  return answer(
      nlohmann::json{{"count", store::remove_all_requirements(connection, request.required_int("workflow_id"))}});
}

}  // namespace torc::server::resource_requirements
