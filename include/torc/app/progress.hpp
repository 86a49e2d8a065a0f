#pragma once

#include <chrono>
#include <cstdint>

namespace torc::app {

/// Progress of a run.
struct Progress {
  std::int64_t total{0};
  std::int64_t done_before{0};  ///< Jobs that were done when the run began.
  std::int64_t done_here{0};    ///< Jobs done by this run, including failed ones.
  std::int64_t running{0};
  std::int64_t failed{0};
  std::chrono::milliseconds elapsed{0};
};

}  // namespace torc::app
