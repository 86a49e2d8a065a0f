#include "server/access/guards.hpp"

#include <fmt/format.h>

#include "torc/model/automation.hpp"
#include "torc/model/provenance.hpp"
#include "torc/model/schedulers.hpp"
#include "torc/store/access.hpp"

namespace torc::server::guards {
namespace {

[[noreturn]] void forbid(const std::string& what) {
  throw store::Refused(store::Refused::Reason::forbidden, what);
}

void require_access(const Request& request, store::Connection& connection, Id workflow_id) {
  if (!store::has_access(connection, workflow_id, request.user) && store::owner_of(connection, workflow_id)) {
    forbid(fmt::format("user '{}' has no access to workflow {}", request.user, workflow_id));
  }
}

Id workflow_id_of(const nlohmann::json& object) {
  if (!object.is_object() || !object.contains("workflow_id")) {
    model::detail::throw_missing("workflow_id");
  }
  return model::detail::read_int("workflow_id", object["workflow_id"]);
}

/// The owner that the body gives a workflow, or nothing.
std::optional<std::string> owner_in_body(const Request& request) {
  const auto& body = request.json();
  const auto user = body.is_object() ? body.find("user") : body.end();
  return body.is_object() && user != body.end() && user->is_string() ? std::optional(user->get<std::string>())
                                                                     : std::nullopt;
}

}  // namespace

void open(const Request&, store::Connection&) {}

void any_user(const Request&, store::Connection&) {}

void admin(const Request& request, store::Connection& connection) {
  if (!store::is_admin(connection, request.user)) {
    forbid(fmt::format("user '{}' is not an administrator", request.user));
  }
}

void path(const Request& request, store::Connection& connection) {
  require_access(request, connection, request.id());
}

void query(const Request& request, store::Connection& connection) {
  require_access(request, connection, request.required_int("workflow_id"));
}

void body(const Request& request, store::Connection& connection) {
  require_access(request, connection, workflow_id_of(request.json()));
}

void body_jobs(const Request& request, store::Connection& connection) {
  const auto& body = request.json();
  if (!body.is_object() || !body.contains("jobs") || !body["jobs"].is_array()) {
    return;  // The handler refuses such a body.
  }
  std::optional<Id> last;
  for (const auto& job : body["jobs"]) {
    const Id workflow_id = workflow_id_of(job);
    if (last != workflow_id) {
      require_access(request, connection, workflow_id);
      last = workflow_id;
    }
  }
}

template <typename T>
void record(const Request& request, store::Connection& connection) {
  if (const auto workflow_id = store::workflow_of<T>(connection, request.id())) {
    require_access(request, connection, *workflow_id);
  }
}

template void record<model::Job>(const Request&, store::Connection&);
template void record<model::ResourceRequirements>(const Request&, store::Connection&);
template void record<model::Result>(const Request&, store::Connection&);
template void record<model::ComputeNode>(const Request&, store::Connection&);
template void record<model::File>(const Request&, store::Connection&);
template void record<model::UserData>(const Request&, store::Connection&);
template void record<model::Event>(const Request&, store::Connection&);
template void record<model::ScheduledComputeNode>(const Request&, store::Connection&);
template void record<model::SlurmScheduler>(const Request&, store::Connection&);
template void record<model::LocalScheduler>(const Request&, store::Connection&);
template void record<model::FailureHandler>(const Request&, store::Connection&);
template void record<model::RoCrateEntity>(const Request&, store::Connection&);

void new_workflow(const Request& request, store::Connection& connection) {
  const auto user = owner_in_body(request);
  if (user && *user != request.user && !store::is_admin(connection, request.user)) {
    forbid(fmt::format(
        "user '{}' cannot create a workflow of user '{}'; set TORC_USERNAME, or the file's \"user\", to '{}'",
        request.user, *user, request.user));
  }
}

void changed_workflow(const Request& request, store::Connection& connection) {
  path(request, connection);
  const auto user = owner_in_body(request);
  const auto owner_now = store::owner_of(connection, request.id());
  if (user && owner_now && *user != *owner_now && !store::is_admin(connection, request.user)) {
    forbid(fmt::format("only administrators can give workflow {} to user '{}'", request.id(), *user));
  }
}

void owner(const Request& request, store::Connection& connection) {
  const auto owner_now = store::owner_of(connection, request.id());
  if (owner_now && *owner_now != request.user && !store::is_admin(connection, request.user)) {
    forbid(fmt::format("only the owner and administrators can change which groups have access to workflow {}",
                       request.id()));
  }
}

void group_member(const Request& request, store::Connection& connection) {
  if (!store::is_member(connection, request.id(), request.user) && !store::is_admin(connection, request.user)) {
    forbid(fmt::format("user '{}' is not a member of group {}", request.user, request.id()));
  }
}

void group_manager(const Request& request, store::Connection& connection) {
  if (!store::manages_group(connection, request.id(), request.user) && !store::is_admin(connection, request.user)) {
    forbid(fmt::format("user '{}' does not manage group {}", request.user, request.id()));
  }
}

void own_name(const Request& request, store::Connection& connection) {
  if (request.path_text("user_name") != request.user && !store::is_admin(connection, request.user)) {
    forbid("only administrators can list the groups of other users");
  }
}

void own_name_or_workflow(const Request& request, store::Connection& connection) {
  if (request.path_text("user_name") != request.user) {
    require_access(request, connection, request.id("workflow_id"));
  }
}

}  // namespace torc::server::guards
