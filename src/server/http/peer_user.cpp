#include "server/http/peer_user.hpp"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <sstream>
#include <string>

#include <fmt/format.h>

#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

using boost::asio::ip::tcp;

/// The kernel responds at once; the limit makes sure that this never hangs.
constexpr timeval k_answer_limit{.tv_sec = 1, .tv_usec = 0};

struct DiagnosisRequest {
  nlmsghdr header;
  inet_diag_req_v2 body;
};

/// A request for exactly one socket: `own` is its address, `other` that of its peer.
DiagnosisRequest request_for(const tcp::endpoint& own, const tcp::endpoint& other) {
  DiagnosisRequest request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.body.sdiag_family = AF_INET;
  request.body.sdiag_protocol = IPPROTO_TCP;
  request.body.idiag_states = ~0U;
  request.body.id.idiag_sport = ::htons(own.port());
  request.body.id.idiag_dport = ::htons(other.port());
  request.body.id.idiag_src[0] = ::htonl(own.address().to_v4().to_uint());
  request.body.id.idiag_dst[0] = ::htonl(other.address().to_v4().to_uint());
  request.body.id.idiag_cookie[0] = INET_DIAG_NOCOOKIE;
  request.body.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return request;
}

}  // namespace

std::optional<uid_t> user_by_diagnosis(const tcp::endpoint& peer, const tcp::endpoint& local) {
  const base::Fd netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG)};
  const DiagnosisRequest request = request_for(peer, local);
  if (!netlink || ::setsockopt(netlink.get(), SOL_SOCKET, SO_RCVTIMEO, &k_answer_limit, sizeof k_answer_limit) != 0 ||
      ::send(netlink.get(), &request, sizeof request, 0) != static_cast<ssize_t>(sizeof request)) {
    return std::nullopt;
  }
  std::array<std::byte, 4096> answer{};
  const ssize_t size = ::recv(netlink.get(), answer.data(), answer.size(), 0);
  nlmsghdr header{};
  inet_diag_msg message{};
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof message))) {
    return std::nullopt;
  }
  std::memcpy(&header, answer.data(), sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
    return std::nullopt;  // An error: there is no such socket, or sock_diag is not available.
  }
  std::memcpy(&message, answer.data() + NLMSG_HDRLEN, sizeof message);
  const auto& found = message.id;
  const auto& asked = request.body.id;
  const bool is_it = found.idiag_sport == asked.idiag_sport && found.idiag_dport == asked.idiag_dport &&
                     found.idiag_src[0] == asked.idiag_src[0] && found.idiag_dst[0] == asked.idiag_dst[0];
  // The kernel reports a socket that no process holds any more (TIME_WAIT) as root's.
  const bool is_held = message.idiag_inode != 0;
  return is_it && is_held ? std::optional<uid_t>(message.idiag_uid) : std::nullopt;
}

std::optional<uid_t> user_by_list(const tcp::endpoint& peer, const tcp::endpoint& local) {
  // The kernel's format: the four bytes of the address as a native integer.
  const auto name_of = [](const tcp::endpoint& endpoint) {
    return fmt::format("{:08X}:{:04X}", ::htonl(endpoint.address().to_v4().to_uint()), endpoint.port());
  };
  const std::string from = name_of(peer);
  const std::string to = name_of(local);
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
    std::string timeout;
    uid_t user = 0;
    std::uint64_t inode = 0;
    if (words >> slot >> own >> other >> state >> queues >> timer >> retransmits >> user >> timeout >> inode &&
        own == from && other == to && inode != 0) {
      return user;
    }
  }
  return std::nullopt;
}

std::optional<uid_t> user_of_peer(const tcp::endpoint& peer, const tcp::endpoint& local) {
  if (!peer.address().is_v4() || !local.address().is_v4()) {
    return std::nullopt;
  }
  const auto user = user_by_diagnosis(peer, local);
  return user ? user : user_by_list(peer, local);
}

bool is_own_user(const tcp::socket& socket) {
  boost::system::error_code error;
  const auto peer = socket.remote_endpoint(error);
  const auto local = error ? tcp::endpoint() : socket.local_endpoint(error);
  const auto user = error ? std::nullopt : user_of_peer(peer, local);
  return user && (*user == ::geteuid() || *user == 0);
}

}  // namespace torc::server
