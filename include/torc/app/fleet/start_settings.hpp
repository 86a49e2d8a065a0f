#pragma once

#include "torc/app/server_access.hpp"
#include "torc/remote/start.hpp"

namespace torc::app {

/// The settings that every start of a runner needs: the workflow, this version, the server's address, login and
/// certificate as this command uses them, and the time limit of a call.
/// @throws base::Error if the certificate cannot be read
remote::StartSettings start_settings(const remote::WorkflowRef& workflow, const remote::SshOptions& ssh,
                                     const ServerAccess& server);

}  // namespace torc::app
