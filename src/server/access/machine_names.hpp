#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::server {

/// The names of this machine in a hosts file (hosts(5)), in lower case: names of loopback addresses, and all names on a
/// line with `host_name`.
std::vector<std::string> names_in_hosts_file(std::string_view text, std::string_view host_name);

/// The names of this machine, in lower case and without a final dot: the kernel's host name, its part before the first
/// dot, and its names in /etc/hosts.
/// @param ask_resolver  Also query the resolver, and thus DNS, for the full name; waits at most 2 s.
std::vector<std::string> machine_names(bool ask_resolver);

}  // namespace torc::server
