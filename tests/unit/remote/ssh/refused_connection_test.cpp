#include "remote/ssh/refused_connection.hpp"

#include <gtest/gtest.h>

#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

proc::CommandResult ssh_that_said(const std::string& err, int code = 255, const std::string& out = "") {
  proc::CommandResult result;
  result.end = proc::CommandResult::End::exited;
  result.code = code;
  result.err = err;
  result.out = out;
  return result;
}

TEST(RefusedConnection, IsAConnectionClosedBeforeTheLogin) {
  for (const char* err :
       {"kex_exchange_identification: Connection closed by remote host\r\nConnection closed by 10.0.0.2 port 22\r\n",
        "kex_exchange_identification: read: Connection reset by peer\nConnection reset by 10.0.0.2 port 22\n",
        "kex_exchange_identification: Connection closed by remote host\n/usr/bin/scp: Connection closed\n",
        "kex_exchange_identification: Connection closed by remote host\n"
        "banner exchange: Connection to UNKNOWN port 65535: Broken pipe\n",
        "banner exchange: Connection to 10.0.0.2 port 22: Connection reset by peer\n",
        "ssh_exchange_identification: Connection closed by remote host\n",
        "ssh_exchange_identification: read: Connection reset by peer\nlost connection\n",
        "kex_exchange_identification: banner line 0: Not allowed at this time\n"
        "kex_exchange_identification: Connection closed by remote host\n",
        "Warning: Permanently added 'gate' (ED25519) to the list of known hosts.\n"
        "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n"}) {
    EXPECT_TRUE(is_refused_connection(ssh_that_said(err))) << err;
  }
}

TEST(RefusedConnection, IsNothingElse) {
  constexpr const char* k_refused = "kex_exchange_identification: Connection closed by remote host\n";
  for (const char* err :
       {"", "ssh: connect to host ws2 port 22: Connection refused\n", "ws2: Permission denied (publickey).\n",
        // The time is unknown, so the login may have happened.
        "Connection closed by 10.0.0.2 port 22\n", "Connection reset by 10.0.0.2 port 22\n",
        "client_loop: send disconnect: Broken pipe\n", "Connection to ws2 closed by remote host.\n",
        // The jump host is down, so that another attempt is useless.
        "ssh: connect to host gate port 22: Connection refused\n"
        "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n",
        "channel 0: open failed: connect failed: No route to host\nstdio forwarding failed\n"
        "kex_exchange_identification: Connection closed by remote host\n",
        "kex_exchange_identification: client sent invalid protocol identifier\n", "Host key verification failed.\n",
        "Connection timed out during banner exchange\n"
        "banner exchange: Connection to 10.0.0.2 port 22: Connection timed out\n"}) {
    EXPECT_FALSE(is_refused_connection(ssh_that_said(err))) << err;
  }
  EXPECT_FALSE(is_refused_connection(ssh_that_said(k_refused, 1)));
  EXPECT_FALSE(is_refused_connection(ssh_that_said(k_refused, 255, "something ran")));
  auto late = ssh_that_said(k_refused);
  late.end = proc::CommandResult::End::timed_out;
  EXPECT_FALSE(is_refused_connection(late));
}

TEST(RefusedConnection, IsExplainedWithARemedy) {
  const auto reason = failure_reason(ssh_that_said("kex_exchange_identification: read: Connection reset by peer\r\n"));
  EXPECT_NE(reason.find("MaxStartups"), std::string::npos) << reason;
  EXPECT_NE(reason.find("--connect-delay"), std::string::npos) << reason;
}

TEST(FailureReason, IsTheErrorOfTheJumpHost) {
  constexpr const char* k_outer =
      "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n";
  EXPECT_EQ(failure_reason(ssh_that_said(std::string("Host key verification failed.\r\n") + k_outer)),
            "Host key verification failed.");
  EXPECT_EQ(failure_reason(ssh_that_said("Connection closed by UNKNOWN port 65535\n")),
            "Connection closed by UNKNOWN port 65535");
}

TEST(RefusedConnection, IsRetriedAfterGrowingPauses) {
  using std::chrono::milliseconds;
  EXPECT_EQ(refusal_pause(1, 1.0), milliseconds(500));
  EXPECT_EQ(refusal_pause(2, 1.0), milliseconds(1'000));
  EXPECT_EQ(refusal_pause(5, 1.0), milliseconds(8'000));
  EXPECT_EQ(refusal_pause(2, 0.5), milliseconds(500));
  EXPECT_EQ(refusal_pause(2, 0.0), milliseconds(500));
}

}  // namespace
}  // namespace torc::remote
