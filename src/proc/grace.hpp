#pragma once

#include <chrono>

namespace torc::proc {

/// How long a process that is to end has between SIGTERM and SIGKILL, where nobody says otherwise.
inline constexpr std::chrono::milliseconds k_grace{2'000};

}  // namespace torc::proc
