#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace torc::base {

struct User {
  std::string name;
  std::string home;
};

/// Looks up a user ID in the user database, including directory services (LDAP, SSSD). A static program cannot load the
/// C library's modules for directory services, so users who are not in /etc/passwd are looked up with getent(1).
std::optional<User> find_user(uid_t id);

}  // namespace torc::base
