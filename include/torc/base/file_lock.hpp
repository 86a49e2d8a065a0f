#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "torc/base/fd.hpp"

namespace torc::base {

/// Locks a file exclusively by flock(2), and writes into it who holds the lock, for those who wait. The file is made if
/// it is missing; its mode is 0600, whatever the umask and its creator.
///
/// A lock that another process holds is tried again until `patience` is over. No signal ends that.
/// @returns the open file, whose end ends the lock; an empty descriptor if another process still holds the lock
/// @throws SystemError that names the file, if it cannot be opened or locked
Fd lock_file(const std::filesystem::path& path, std::chrono::milliseconds patience = {});

/// Who holds the lock: "process 12 on ws1", as the holder has written it into the file; "an unknown process" if it has
/// not.
std::string lock_holder(const std::filesystem::path& path);

/// How long a caller waits for a lock before the holder is named.
inline constexpr std::chrono::seconds k_lock_patience{5};

}  // namespace torc::base
