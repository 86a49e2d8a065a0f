#include "server/peer_user.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <sstream>
#include <string>

#include <fmt/format.h>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

using boost::asio::ip::tcp;

/// As the kernel prints it: the address's four bytes as the number that they are to this machine.
std::string kernel_name(const tcp::endpoint& endpoint) {
  return fmt::format("{:08X}:{:04X}", ::htonl(endpoint.address().to_v4().to_uint()), endpoint.port());
}

}  // namespace

std::optional<uid_t> user_of_peer(const tcp::endpoint& peer, const tcp::endpoint& local) {
  if (!peer.address().is_v4() || !local.address().is_v4()) {
    return std::nullopt;
  }
  const std::string from = kernel_name(peer);
  const std::string to = kernel_name(local);
  for (const auto& line : base::split_lines(base::read_file_or_empty("/proc/self/net/tcp"))) {
    if (line.find(from) == std::string::npos) {
      continue;
    }
    std::istringstream words(line);
    std::string slot;
    std::string own;
    std::string other;
    std::string state;
    std::string queues;
    std::string timer;
    std::string retransmits;
    uid_t user = 0;
    if (words >> slot >> own >> other >> state >> queues >> timer >> retransmits >> user && own == from &&
        other == to) {
      return user;
    }
  }
  return std::nullopt;
}

bool is_own_user(const tcp::socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  const auto local = error ? tcp::endpoint() : socket.local_endpoint(error);
  const auto user = error ? std::nullopt : user_of_peer(peer, local);
  return user && (*user == ::geteuid() || *user == 0);
}

}  // namespace torc::server
