#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace torc::server {

/// The names that a hosts file (hosts(5)) gives to this machine: those of loopback addresses, and those on a line with
/// `host_name`. In lower case.
std::vector<std::string> names_in_hosts_file(std::string_view text, std::string_view host_name);

/// The names of this machine, in lower case and without a final dot: the kernel's host name, its part before the first
/// dot, and what /etc/hosts says about it.
/// @param ask_resolver  Also ask the resolver, and so DNS, for the full name; waits for its answer for 2 s at most.
std::vector<std::string> machine_names(bool ask_resolver);

}  // namespace torc::server
