#pragma once

#include <chrono>

namespace torc::proc {

/// Default time between SIGTERM and SIGKILL for a process that is being ended.
inline constexpr std::chrono::milliseconds k_grace{2'000};

}  // namespace torc::proc
