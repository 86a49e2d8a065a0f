#pragma once

#include <filesystem>
#include <stop_token>

namespace torc::archive {

/// Deletes a directory and all below it, without following links. After a stop request it goes on for half a second at
/// most, so that a user who interrupts does not wait for millions of files.
/// @returns whether nothing is left
bool remove_tree(const std::filesystem::path& directory, const std::stop_token& stop);

}  // namespace torc::archive
