#pragma once

#include <cstdint>

#include "cli/parser/command_line.hpp"

namespace torc::cli {

/// Whether and how often workers that died are started again.
struct RestartOptions {
  bool restart{false};
  std::int64_t most{5};      ///< Of each worker.
  double pause_seconds{10};  ///< Between the first and the second; twice as long before each further one.
};

/// --restart, --max-restarts, --restart-pause. @returns the first
Option add_restart_options(Command command, RestartOptions& options);

}  // namespace torc::cli
