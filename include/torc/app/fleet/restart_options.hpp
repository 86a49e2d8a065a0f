#pragma once

#include <cstdint>

namespace torc::app {

/// Whether and how often runners that died are restarted.
struct RestartOptions {
  bool restart{false};
  std::int64_t most{5};      ///< Maximum number of restarts per worker.
  double pause_seconds{10};  ///< Between the first and the second restart; doubled before each further one.
};

}  // namespace torc::app
