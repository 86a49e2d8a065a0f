#pragma once

// Access control: each route has a guard, which finds the workflow that a request refers to and checks the user's
// access. It runs in the handler's transaction, before the handler.

#include "server/http/request.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// @throws store::Refused forbidden. Accepts requests for objects that do not exist; the handler reports those.
using Guard = void (*)(const Request& request, store::Connection& connection);

}  // namespace torc::server

namespace torc::server::guards {

/// Anyone, even without credentials if they are otherwise required.
void open(const Request& request, store::Connection& connection);
/// All users; the handler restricts the response to their own data.
void any_user(const Request& request, store::Connection& connection);
void admin(const Request& request, store::Connection& connection);

// Users with access to a workflow: its owner, members of a group that it is shared with, and administrators.

/// The workflow {id} in the path.
void path(const Request& request, store::Connection& connection);
/// workflow_id in the query.
void query(const Request& request, store::Connection& connection);
/// workflow_id in the body.
void body(const Request& request, store::Connection& connection);
/// workflow_id of each job in the body.
void body_jobs(const Request& request, store::Connection& connection);
/// The workflow of the record {id} in the path. For the models that store::workflow_of supports.
template <typename T>
void record(const Request& request, store::Connection& connection);

/// The owner of a new workflow must be the user who creates it, unless that is an administrator.
void new_workflow(const Request& request, store::Connection& connection);
/// Like `path`; only administrators may give a workflow to another user.
void changed_workflow(const Request& request, store::Connection& connection);
/// The workflow's owner, who decides which groups have access to it.
void owner(const Request& request, store::Connection& connection);

/// Members of the group {id}.
void group_member(const Request& request, store::Connection& connection);
/// Members of the group {id} with the role "admin".
void group_manager(const Request& request, store::Connection& connection);
/// The user {user_name} themselves.
void own_name(const Request& request, store::Connection& connection);
/// The user {user_name} themselves, or those with access to the workflow {workflow_id}.
void own_name_or_workflow(const Request& request, store::Connection& connection);

}  // namespace torc::server::guards
