#pragma once

#include <filesystem>
#include <stop_token>

namespace torc::archive {

/// Deletes a directory tree without following links. After a stop request, continues for at most half a second, so that
/// a user who interrupts does not wait for the deletion of millions of files.
/// @returns whether everything was deleted
bool remove_tree(const std::filesystem::path& directory, const std::stop_token& stop);

}  // namespace torc::archive
