#pragma once

#include <string_view>

namespace torc::remote {

/// Whether a line of ssh's standard error is unrelated to a failure.
bool is_ssh_noise(std::string_view line);

}  // namespace torc::remote
