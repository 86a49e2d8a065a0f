#pragma once

// Users and their passwords in a file as Apache's htpasswd writes it: NAME:HASH a line, bcrypt hashes only.

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace torc::server {

/// Hashes by the users' names.
using PasswordHashes = std::map<std::string, std::string, std::less<>>;

/// Empty lines and those that begin with '#' are passed over.
/// @throws base::Error that names file, line and cause
PasswordHashes read_password_file(const std::string& path);

/// Sets one user's hash; all other lines stay as they are. Makes the file where there is none, for its owner alone to
/// read; else it keeps its mode and owner. Replaces it (of a link, what it leads to) in one step; others who do so
/// wait.
/// @throws base::Error, base::UsageError for a name that cannot stand in the file
void set_password(const std::string& path, const std::string& user, const std::string& hash);

/// @returns false where the file has no such user
/// @throws base::Error
bool remove_password(const std::string& path, const std::string& user);

/// @throws base::UsageError for a name that cannot stand in the file
void check_user_name(std::string_view user);

/// What bcrypt can take as a cost here; each step doubles the time.
inline constexpr int k_lowest_cost = 4;
inline constexpr int k_highest_cost = 17;
inline constexpr int k_default_cost = 12;
/// bcrypt looks at no more bytes of a password.
inline constexpr std::size_t k_longest_password = 72;

/// A bcrypt hash with a new salt. Takes about a quarter of a second at the default cost.
/// @throws base::UsageError for a password that is empty, longer than the 72 bytes bcrypt looks at, or holds a NUL
std::string hash_password(const std::string& password, int cost = k_default_cost);

/// Whether `hash` is one of this password. As slow as hash_password.
bool password_matches(const std::string& password, const std::string& hash);

}  // namespace torc::server
