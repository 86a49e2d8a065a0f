#pragma once

// Who may do what, where access control is enforced: each route names its guard, which finds the workflow that a
// request is about. It runs in the handler's own transaction, before the handler.

#include "server/http/request.hpp"
#include "torc/store/connection.hpp"

namespace torc::server {

/// @throws store::Refused forbidden. Lets pass what does not exist: the handler says so.
using Guard = void (*)(const Request& request, store::Connection& connection);

}  // namespace torc::server

namespace torc::server::guards {

/// Answers without credentials, too, even where those are required.
void open(const Request& request, store::Connection& connection);
/// All users; the handler shows what is theirs.
void any_user(const Request& request, store::Connection& connection);
void admin(const Request& request, store::Connection& connection);

// Those with access to a workflow: their own, of a group of theirs, or all of them for an administrator.

/// The workflow {id} of the path.
void path(const Request& request, store::Connection& connection);
/// workflow_id of the query.
void query(const Request& request, store::Connection& connection);
/// workflow_id of the body.
void body(const Request& request, store::Connection& connection);
/// workflow_id of each of the body's jobs.
void body_jobs(const Request& request, store::Connection& connection);
/// That of the record {id} of the path. Of the models that store::workflow_of knows.
template <typename T>
void record(const Request& request, store::Connection& connection);

/// A new workflow is its maker's own; administrators make them for others.
void new_workflow(const Request& request, store::Connection& connection);
/// As `path`; and only administrators give a workflow to another user.
void changed_workflow(const Request& request, store::Connection& connection);
/// The workflow's owner: who else sees it is theirs to say.
void owner(const Request& request, store::Connection& connection);

/// Members of the group {id}.
void group_member(const Request& request, store::Connection& connection);
/// Those who are members of the group {id} in the role "admin".
void group_manager(const Request& request, store::Connection& connection);
/// What is asked about the user {user_name} themselves.
void own_name(const Request& request, store::Connection& connection);
/// The user {user_name} themselves, or those with access to the workflow {workflow_id}.
void own_name_or_workflow(const Request& request, store::Connection& connection);

}  // namespace torc::server::guards
