#pragma once

#include <sys/types.h>

#include <optional>

#include <boost/asio/ip/tcp.hpp>

namespace torc::server {

/// The user whose process holds the other end of a connection over IPv4's loopback, from the kernel's own list
/// (proc(5), /proc/net/tcp); nothing where it is not in there.
std::optional<uid_t> user_of_peer(const boost::asio::ip::tcp::endpoint& peer,
                                  const boost::asio::ip::tcp::endpoint& local);

/// Whether that is this process's own user, or root, whom nothing is kept from.
bool is_own_user(const boost::asio::ip::tcp::socket& socket);

}  // namespace torc::server
