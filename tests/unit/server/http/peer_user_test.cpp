#include "server/http/peer_user.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "support/temp_dir.hpp"
#include "torc/server/server.hpp"
#include "unit/server/raw_client.hpp"

namespace torc::server {
namespace {

/// @returns whether a server for its own user only answers a process of `user`
bool is_answered(std::uint16_t port, uid_t user) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresuid(user, user, user) != 0) {
      ::_exit(3);
    }
    bool answered = false;
    try {
      RawClient client{port};
      client.send("GET /torc-service/v1/ping HTTP/1.1\r\nHost: localhost\r\n\r\n");
      answered = client.read_answer().has_value();
    } catch (const std::exception&) {
      answered = false;
    }
    ::_exit(answered ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) < 2) << status;
  return WEXITSTATUS(status) == 0;
}

TEST(OwnUserOnly, RefusesOtherUsers) {
  const support::TempDir dir;
  ServerOptions options{"127.0.0.1", 0, dir / "torc.db"};
  options.own_user_only = true;
  const Server server{options};
  EXPECT_TRUE(is_answered(server.port(), ::geteuid()));
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can use another user ID";
  }
  EXPECT_FALSE(is_answered(server.port(), 65'534));
  EXPECT_TRUE(is_answered(server.port(), 0)) << "it must still work after refused connections";
}

TEST(PeerUser, IsTheOwnerOfTheOtherEndByEitherMethod) {
  namespace asio = boost::asio;
  using asio::ip::tcp;
  asio::io_context context;
  tcp::acceptor acceptor(context, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  tcp::socket client(context);
  client.connect(acceptor.local_endpoint());
  const tcp::socket accepted = acceptor.accept();
  const auto peer = accepted.remote_endpoint();
  const auto local = accepted.local_endpoint();
  EXPECT_EQ(user_by_diagnosis(peer, local), ::geteuid());
  EXPECT_EQ(user_by_list(peer, local), ::geteuid());
  const tcp::endpoint nobody(peer.address(), 1);
  EXPECT_EQ(user_by_diagnosis(nobody, local), std::nullopt);
  EXPECT_EQ(user_by_list(nobody, local), std::nullopt);
  client.close();  // What remains in the kernel has no owner.
  EXPECT_EQ(user_by_diagnosis(peer, local), std::nullopt);
  EXPECT_EQ(user_by_list(peer, local), std::nullopt);
}

TEST(OwnUserOnly, IsNotRequiredByOtherServers) {
  const support::TempDir dir;
  const Server server{ServerOptions{"127.0.0.1", 0, dir / "torc.db"}};
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root can use another user ID";
  }
  EXPECT_TRUE(is_answered(server.port(), 65'534));
}

}  // namespace
}  // namespace torc::server
