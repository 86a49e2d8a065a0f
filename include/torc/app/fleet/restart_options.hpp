#pragma once

#include <cstdint>

namespace torc::app {

/// Whether and how often workers that died are started again.
struct RestartOptions {
  bool restart{false};
  std::int64_t most{5};      ///< Of each worker.
  double pause_seconds{10};  ///< Between the first and the second; twice as long before each further one.
};

}  // namespace torc::app
