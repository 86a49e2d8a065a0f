#pragma once

#include <chrono>

namespace torc::base {

/// The pause before another attempt: `first` after attempt 1, doubled for each further attempt, at most `longest`.
/// Multiplied by `jitter`, 0.5 to 1, so that clients that failed together do not retry together.
std::chrono::milliseconds growing_pause(int attempt, std::chrono::milliseconds first, std::chrono::milliseconds longest,
                                        double jitter);

/// A random `jitter`: 0.5 or more, less than 1.
double random_jitter();

}  // namespace torc::base
