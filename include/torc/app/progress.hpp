#pragma once

#include <chrono>
#include <cstdint>

namespace torc::app {

/// How far a run is.
struct Progress {
  std::int64_t total{0};
  std::int64_t done_before{0};  ///< When the run began.
  std::int64_t done_here{0};    ///< By this run, those that failed too.
  std::int64_t running{0};
  std::int64_t failed{0};
  std::chrono::milliseconds elapsed{0};
};

}  // namespace torc::app
