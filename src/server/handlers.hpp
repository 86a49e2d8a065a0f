#pragma once

// The handlers of all operations, in one namespace per resource. Each namespace is one file in resources/.

#include "server/http/request.hpp"
#include "torc/store/connection.hpp"

#define TORC_HANDLER(NAME) Response NAME(const Request& request, store::Connection& connection)

namespace torc::server::system {
TORC_HANDLER(ping);
TORC_HANDLER(version);
TORC_HANDLER(reload_auth);
}  // namespace torc::server::system

namespace torc::server::workflows {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(get_status);
TORC_HANDLER(update_status);
TORC_HANDLER(is_complete);
TORC_HANDLER(is_uninitialized);
TORC_HANDLER(initialize_jobs);
TORC_HANDLER(cancel);
TORC_HANDLER(reset_status);
TORC_HANDLER(reset_job_status);
TORC_HANDLER(required_existing_files);
TORC_HANDLER(missing_user_data);
TORC_HANDLER(process_changed_job_inputs);
TORC_HANDLER(job_ids);
TORC_HANDLER(job_dependencies);
TORC_HANDLER(job_file_relationships);
TORC_HANDLER(job_user_data_relationships);
}  // namespace torc::server::workflows

namespace torc::server::jobs {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(create_many);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
TORC_HANDLER(claim_next);
TORC_HANDLER(claim_by_resources);
TORC_HANDLER(start);
TORC_HANDLER(complete);
TORC_HANDLER(complete_many);
TORC_HANDLER(retry);
TORC_HANDLER(change_status);
}  // namespace torc::server::jobs

namespace torc::server::resource_requirements {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::resource_requirements

namespace torc::server::results {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::results

namespace torc::server::compute_nodes {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(heartbeat);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::compute_nodes

namespace torc::server::scheduled_compute_nodes {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::scheduled_compute_nodes

namespace torc::server::remote_workers {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(remove);
}  // namespace torc::server::remote_workers

namespace torc::server::events {
TORC_HANDLER(stream);
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::events

namespace torc::server::files {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::files

namespace torc::server::user_data {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::user_data

namespace torc::server::slurm_schedulers {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::slurm_schedulers

namespace torc::server::local_schedulers {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::local_schedulers

namespace torc::server::slurm_stats {
TORC_HANDLER(list);
TORC_HANDLER(create);
}  // namespace torc::server::slurm_stats

namespace torc::server::failure_handlers {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(remove);
}  // namespace torc::server::failure_handlers

namespace torc::server::ro_crate_entities {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(update);
TORC_HANDLER(remove);
TORC_HANDLER(remove_all);
}  // namespace torc::server::ro_crate_entities

namespace torc::server::actions {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(pending);
TORC_HANDLER(claim);
}  // namespace torc::server::actions

namespace torc::server::access_groups {
TORC_HANDLER(list);
TORC_HANDLER(create);
TORC_HANDLER(get);
TORC_HANDLER(remove);
TORC_HANDLER(list_members);
TORC_HANDLER(add_member);
TORC_HANDLER(remove_member);
TORC_HANDLER(list_of_user);
TORC_HANDLER(list_of_workflow);
TORC_HANDLER(add_workflow);
TORC_HANDLER(remove_workflow);
TORC_HANDLER(check);
}  // namespace torc::server::access_groups

namespace torc::server::overview {
TORC_HANDLER(ready_needs);
TORC_HANDLER(summary);
}  // namespace torc::server::overview

#undef TORC_HANDLER
