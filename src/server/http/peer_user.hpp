#pragma once

#include <sys/types.h>

#include <optional>

#include <boost/asio/ip/tcp.hpp>

namespace torc::server {

/// The user whose process holds the other end of a connection over IPv4 loopback, as the kernel reports for this one
/// socket (sock_diag(7)). Takes microseconds, however many sockets there are. Nothing if the kernel does not respond.
std::optional<uid_t> user_by_diagnosis(const boost::asio::ip::tcp::endpoint& peer,
                                       const boost::asio::ip::tcp::endpoint& local);

/// The same from the kernel's list of all sockets (proc(5), /proc/net/tcp); takes milliseconds.
std::optional<uid_t> user_by_list(const boost::asio::ip::tcp::endpoint& peer,
                                  const boost::asio::ip::tcp::endpoint& local);

/// The same from the first of these that works; nothing if neither does or the connection is not over IPv4.
std::optional<uid_t> user_of_peer(const boost::asio::ip::tcp::endpoint& peer,
                                  const boost::asio::ip::tcp::endpoint& local);

/// Whether the peer is this process's own user or root, who can access everything anyway.
bool is_own_user(const boost::asio::ip::tcp::socket& socket);

}  // namespace torc::server
