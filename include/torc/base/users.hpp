#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace torc::base {

struct User {
  std::string name;
  std::string home;
};

/// The entry of the user database for an id, also of users that only a directory service (LDAP, SSSD) knows: a program that
/// is linked statically cannot load the C library's modules for these, so getent(1) is asked about whom /etc/passwd does not
/// list.
std::optional<User> find_user(uid_t id);

}  // namespace torc::base
