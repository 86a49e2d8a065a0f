#include <fmt/format.h>

#include "server/errors.hpp"
#include "server/handlers.hpp"
#include "server/http/request.hpp"
#include "torc/store/access.hpp"

namespace torc::server::access_groups {

using model::AccessGroup;
using model::GroupMembership;

namespace {

/// These listings contain "limit" but not the number of items in the page.
template <typename T>
Response listing(store::Connection& connection, const store::Filter& filter, const Request& request) {
  const auto paging = request.paging();
  const auto page = store::list<T>(connection, filter, paging);
  return answer(nlohmann::json{{"items", model::to_json(page.items)},
                               {"offset", page.offset},
                               {"limit", paging.limit},
                               {"total_count", page.total_count},
                               {"has_more", page.has_more}});
}

}  // namespace

Response list(const Request& request, store::Connection& connection) {
  return listing<AccessGroup>(connection, {}, request);
}

Response create(const Request& request, store::Connection& connection) {
  return answer(store::create_group(connection, request.read<AccessGroup>()));
}

Response get(const Request& request, store::Connection& connection) {
  return answer(store::get<AccessGroup>(connection, request.id()));
}

Response remove(const Request& request, store::Connection& connection) {
  return answer(store::remove_group(connection, request.id()));
}

Response list_members(const Request& request, store::Connection& connection) {
  store::get<AccessGroup>(connection, request.id());
  store::Filter filter;
  filter.equals("group_id", request.id());
  return listing<GroupMembership>(connection, filter, request);
}

Response add_member(const Request& request, store::Connection& connection) {
  const auto member = request.read<GroupMembership>();
  if (member.group_id != request.id()) {
    throw RequestError(422, fmt::format("group_id is {} in the body but {} in the path", member.group_id, request.id()),
                       {{"field", "group_id"}});
  }
  return answer(store::add_member(connection, request.id(), member));
}

Response remove_member(const Request& request, store::Connection& connection) {
  return answer(store::remove_member(connection, request.id(), request.path_text("user_name")));
}

Response list_of_user(const Request& request, store::Connection& connection) {
  store::Filter filter;
  filter.where("id IN (SELECT group_id FROM access_group_members WHERE user_name = ?)", request.path_text("user_name"));
  return listing<AccessGroup>(connection, filter, request);
}

Response list_of_workflow(const Request& request, store::Connection& connection) {
  store::require_workflow(connection, request.id());
  store::Filter filter;
  filter.where("id IN (SELECT group_id FROM workflow_access_groups WHERE workflow_id = ?)", request.id());
  return listing<AccessGroup>(connection, filter, request);
}

Response add_workflow(const Request& request, store::Connection& connection) {
  return answer(store::add_workflow_to_group(connection, request.id(), request.id("group_id")));
}

Response remove_workflow(const Request& request, store::Connection& connection) {
  return answer(store::remove_workflow_from_group(connection, request.id(), request.id("group_id")));
}

Response check(const Request& request, store::Connection& connection) {
  const Id workflow_id = request.id("workflow_id");
  const auto& user = request.path_text("user_name");
  return answer(nlohmann::json{{"has_access", store::has_access(connection, workflow_id, user)},
                               {"user_name", user},
                               {"workflow_id", workflow_id}});
}

}  // namespace torc::server::access_groups
