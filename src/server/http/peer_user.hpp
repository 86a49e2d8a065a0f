#pragma once

#include <sys/types.h>

#include <optional>

#include <boost/asio/ip/tcp.hpp>

namespace torc::server {

/// The user whose process holds the other end of a connection over IPv4's loopback, as the kernel answers for that one
/// socket (sock_diag(7)): in microseconds, however many there are. Nothing where it does not answer.
std::optional<uid_t> user_by_diagnosis(const boost::asio::ip::tcp::endpoint& peer,
                                       const boost::asio::ip::tcp::endpoint& local);

/// The same from the kernel's list of all sockets (proc(5), /proc/net/tcp): takes milliseconds.
std::optional<uid_t> user_by_list(const boost::asio::ip::tcp::endpoint& peer,
                                  const boost::asio::ip::tcp::endpoint& local);

/// The same from whichever knows; nothing where neither does, or the connection is not over IPv4.
std::optional<uid_t> user_of_peer(const boost::asio::ip::tcp::endpoint& peer,
                                  const boost::asio::ip::tcp::endpoint& local);

/// Whether that is this process's own user, or root, whom nothing is kept from.
bool is_own_user(const boost::asio::ip::tcp::socket& socket);

}  // namespace torc::server
