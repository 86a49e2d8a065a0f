#pragma once

#include <string>

#include "torc/app/reporter.hpp"
#include "torc/remote/install.hpp"
#include "torc/remote/stop.hpp"
#include "torc/remote/worker.hpp"

// Lines about one worker during an operation: "  [OK] ws1: Sent SIGTERM to PID 42".

namespace torc::cli {

std::string install_heading(const app::InstallBegun& event);
std::string install_line(const remote::Worker& worker, const remote::InstallResult& result);
std::string signal_line(const remote::Worker& worker, const remote::StopResult& result, remote::StopMode mode);
std::string end_line(const remote::Worker& worker, const remote::StopResult& result);

}  // namespace torc::cli
