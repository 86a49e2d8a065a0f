#pragma once

// A file of users and passwords in the format of Apache's htpasswd: one NAME:HASH per line, only bcrypt hashes.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace torc::server {

/// Password hashes by user name.
using PasswordHashes = std::map<std::string, std::string, std::less<>>;

/// Empty lines and lines that start with '#' are ignored.
/// @throws base::Error that names file, line and cause
PasswordHashes read_password_file(const std::string& path);

/// Sets one user's hash; all other lines stay unchanged. A new file is readable only by its owner; an existing one
/// keeps its mode and owner. The file (the target, if `path` is a link) is replaced atomically. Concurrent calls wait.
/// @returns whether the user is new
/// @throws base::Error; base::UsageError for an invalid user name
bool set_password(const std::string& path, const std::string& user, const std::string& hash);

/// @returns false if the file does not contain the user
/// @throws base::Error
bool remove_password(const std::string& path, const std::string& user);

/// @throws base::UsageError for an invalid user name
void check_user_name(std::string_view user);

/// Limits of bcrypt's cost; each step doubles the time.
inline constexpr int k_lowest_cost = 4;
inline constexpr int k_highest_cost = 17;
inline constexpr int k_default_cost = 12;
/// bcrypt ignores bytes of a password after this many.
inline constexpr std::size_t k_max_password_bytes = 72;

/// Returns a bcrypt hash with a new salt. Takes about a quarter of a second at the default cost.
/// @throws base::UsageError for a password that is empty, longer than the 72 bytes that bcrypt uses, or contains a NUL
std::string hash_password(const std::string& password, int cost = k_default_cost);

/// Whether `hash` is a hash of this password. As slow as hash_password.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace torc::server
