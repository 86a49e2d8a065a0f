#pragma once

namespace torc::base {

/// Makes reads and writes of a descriptor fail with EAGAIN instead of blocking.
/// @throws SystemError
void set_non_blocking(int fd);

}  // namespace torc::base
