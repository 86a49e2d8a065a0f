#pragma once

// Checks whether a path can be used without giving another user of the machine control over this one: the owners of the
// directories and links of a path decide which database a program opens, or which files it writes.

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// Whether files of this user are trusted: those of this process (effective user) or of root.
bool is_trusted_owner(uid_t owner);

/// "alice (uid 1001)", or "uid 1001" if the user database has no such user.
std::string user_name_of(uid_t user);

enum class PathKind { directory, file };

/// Problems of a path; each entry is a clause such as "the directory /tmp/x belongs to bob (uid 7)".
struct PathReview {
  /// The named file or directory, its directory or a link of the path belongs to a user other than this one and root.
  std::vector<std::string> foreign{};
  /// Directories of the path in which any user may replace entries.
  std::vector<std::string> open_to_all{};
  /// Directories that are writable by a group, or, further up in the path, belong to another user.
  std::vector<std::string> warnings{};
};

/// Examines every directory and link of `path`, which need not exist. The sticky bit of a directory protects its
/// entries from everyone except the directory's owner. A foreign owner of a sticky directory is treated like that of
/// any other: in a user namespace, the machine's root may own /tmp and have an unknown number.
/// @param kind  What the path names. For a file, its directory is checked as strictly as the file itself, because the
/// owner of that directory can replace the file.
/// @throws SystemError if a component of the path cannot be examined
PathReview review_path(const std::filesystem::path& path, PathKind kind);

/// Accepted owners of a path: --trust-owner accepts anybody.
enum class Owner { user_or_root, anybody };

/// Reviews a path, refuses it if it cannot be trusted, and logs the warnings of the review, each once per process.
/// Directories in which any user may replace entries are refused whatever their owner. Callable from any thread.
/// @param what  The object, for messages: "database", "output directory".
/// @throws Error that names the directory, file or link, its owner and the remedy
void require_trusted_path(const std::filesystem::path& path, PathKind kind, Owner owner, std::string_view what);

}  // namespace torc::base
