#pragma once

#include <chrono>

namespace torc::base {

/// How long to wait before trying again: `first` for the first `attempt` (1), twice as long for each further one, never
/// longer than `longest`; times `jitter`, 0.5 to 1, so that those who failed together do not come back together.
std::chrono::milliseconds growing_pause(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                        double jitter);

/// A random `jitter`: 0.5 or more, less than 1.
double random_jitter();

}  // namespace torc::base
