#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "torc/base/fd.hpp"

namespace torc::base {

/// Locks a file exclusively with flock(2), and writes the holder into it for those who wait. Creates the file if it
/// does not exist; its mode becomes 0600, regardless of umask and creator.
///
/// If another process holds the lock, tries again until `timeout` has passed, without interruption by signals.
/// @returns the open file, which holds the lock until it is closed; an empty descriptor if another process still holds
/// it
/// @throws SystemError that names the file, if it cannot be opened or locked
Fd lock_file(const std::filesystem::path& path, std::chrono::milliseconds timeout = {});

/// The holder of the lock, "process 12 on ws1", as written into the file; "an unknown process" if the file is empty.
std::string lock_holder(const std::filesystem::path& path);

/// How long to wait for a lock before reporting its holder.
inline constexpr std::chrono::seconds k_lock_timeout{5};

}  // namespace torc::base
