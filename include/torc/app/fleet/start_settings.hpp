#pragma once

#include "torc/app/server_access.hpp"
#include "torc/remote/start.hpp"

namespace torc::app {

/// What every start of a worker takes, whatever else is asked for: which workflow, this version, the server's address
/// and login as this command has them, its certificate, the limit on a call.
/// @throws base::Error where the certificate cannot be read
remote::StartSettings start_settings(const remote::WorkflowRef& workflow, const remote::SshOptions& ssh,
                                     const ServerAccess& server);

}  // namespace torc::app
