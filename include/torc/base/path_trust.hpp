#pragma once

// Whether a path can be used without giving another user of the machine power over this one. A program that opens a
// database, or writes files, at a path does what the owners of the path's directories and links want it to do.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// Whether files of this user may be relied on: they are this process's own (effective user) or root's.
bool is_trusted_owner(uid_t owner);

/// "alice (uid 1001)", or "uid 1001" if the user database has no such user.
std::string user_name_of(uid_t user);

enum class Found { directory, file };

/// What was found on the way to a path; each entry is a phrase such as "the directory /tmp/x belongs to bob (uid 7)".
struct PathReview {
  /// The thing itself, its directory or a link on the way belongs to a user other than this one and root.
  std::vector<std::string> foreign{};
  /// Directories in which any user may replace what the path leads through.
  std::vector<std::string> open_to_all{};
  /// Directories that a group may write to, or that belong to another user further up.
  std::vector<std::string> warnings{};
};

/// Examines every directory and link on the way to `path`, which need not exist. The sticky bit of a directory protects
/// what is in it from everybody but the directory's owner. A foreign owner of such a directory is treated like that of
/// any other: in a user namespace, the machine's root may own /tmp and have an unknown number.
/// @param kind  What the path names. If it names a file, the directory that holds the file counts as the thing itself
/// as well, because the owner of that directory can replace the file.
/// @throws SystemError if a part of the path cannot be examined
PathReview review_path(const std::filesystem::path& path, Found kind);

/// Who may own what is used: --trust-owner allows anybody.
enum class Owner { user_or_root, anybody };

/// Refuses a path by its review, and logs the warnings of the review, each once in this process. A directory that is
/// open to all is refused whatever its owner. May be called from any thread.
/// @param what  Names the thing in messages: "database", "output directory".
/// @throws Error that names the directory, file or link, its owner and the remedy
void require_trusted_path(const std::filesystem::path& path, Found kind, Owner owner, std::string_view what);

}  // namespace torc::base
