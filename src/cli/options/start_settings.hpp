#pragma once

#include "cli/remote_support.hpp"
#include "torc/cli/command.hpp"
#include "torc/remote/start.hpp"

namespace torc::cli {

/// What every start of a worker takes, whatever else is asked for: which workflow, this version, the server's address
/// and login as this command has them, its certificate, the limit on a call.
/// @throws base::Error where the certificate cannot be read
remote::StartSettings start_settings(model::Id workflow_id, const SshSettings& ssh, Services& services);

}  // namespace torc::cli
