#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {
namespace {

using model::WorkerAddress;
using Words = std::vector<std::string>;

const Words k_common{
    "-o", "BatchMode=yes",          "-o", "ConnectTimeout=30",    "-o", "StrictHostKeyChecking=accept-new",
    "-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=3"};

Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

TEST(SshCommand, ConnectsToAPlainHost) {
  EXPECT_EQ(ssh_command({}, WorkerAddress::parse("ws1")),
            (Words{"ssh"} + k_common + Words{"-T", "--", "ws1", "exec sh -s"}));
}

TEST(SshCommand, PassesUserAndPortSeparatelyFromTheHost) {
  EXPECT_EQ(ssh_command({}, WorkerAddress::parse("alice@ws3:2222")),
            (Words{"ssh"} + k_common + Words{"-T", "-p", "2222", "-l", "alice", "--", "ws3", "exec sh -s"}));
}

TEST(SshCommand, PassesIpv6WithoutBrackets) {
  EXPECT_EQ(ssh_command({}, WorkerAddress::parse("[2001:db8::1]:2222")),
            (Words{"ssh"} + k_common + Words{"-T", "-p", "2222", "--", "2001:db8::1", "exec sh -s"}));
}

TEST(SshCommand, PutsTheUsersOptionsFirst) {
  SshOptions options;
  options.ssh_program = "/opt/ssh";
  options.options = {"ConnectTimeout=3", "ProxyJump=gate"};
  EXPECT_EQ(ssh_command(options, WorkerAddress::parse("ws1")),
            (Words{"/opt/ssh", "-o", "ConnectTimeout=3", "-o", "ProxyJump=gate"} + k_common +
             Words{"-T", "--", "ws1", "exec sh -s"}));
}

// Even if an address was constructed instead of parsed.
TEST(SshCommand, RefusesWordsThatSshWouldTreatAsOptions) {
  EXPECT_THROW(ssh_command({}, {.user = "", .host = "-oProxyCommand=x", .port = {}}), base::Error);
  EXPECT_THROW(ssh_command({}, {.user = "-l", .host = "ws1", .port = {}}), base::Error);
  EXPECT_THROW(scp_fetch_command({}, {.user = "", .host = "-x", .port = {}}, "/a", "/b"), base::Error);
}

TEST(ScpFetchCommand, FetchesOverSftp) {
  EXPECT_EQ(scp_fetch_command({}, WorkerAddress::parse("alice@ws3:2222"), "/tmp/a b", "/here/a b"),
            (Words{"scp"} + k_common + Words{"-s", "-P", "2222", "--", "alice@ws3:/tmp/a b", "/here/a b"}));
}

TEST(ScpFetchCommand, PutsIpv6InBrackets) {
  EXPECT_EQ(scp_fetch_command({}, WorkerAddress::parse("[::1]"), "/r", "/l"),
            (Words{"scp"} + k_common + Words{"-s", "--", "[::1]:/r", "/l"}));
}

TEST(ScpFetchCommand, AcceptsUsersOfDomainsAndAddressesWithAZone) {
  EXPECT_EQ(ssh_command({}, WorkerAddress::parse("CORP\\alice@fe80::1%eth0")),
            (Words{"ssh"} + k_common + Words{"-T", "-l", "CORP\\alice", "--", "fe80::1%eth0", "exec sh -s"}));
  EXPECT_EQ(scp_fetch_command({}, WorkerAddress::parse("CORP\\alice@[fe80::1%eth0]:22"), "/r", "/l"),
            (Words{"scp"} + k_common + Words{"-s", "-P", "22", "--", "CORP\\alice@[fe80::1%eth0]:/r", "/l"}));
  EXPECT_EQ(scp_send_command({}, WorkerAddress::parse("me@example.com@ws1"), "/l", "/r").back(),
            "me@example.com@ws1:/r");
}

TEST(SshCommand, IsRefusedForInvalidAddresses) {
  for (const char* stored : {"a b", "u@h:99999", "h:0", "$(touch x)", "a,b", "u\\@h", "", "[::1", "x:y:z"}) {
    const auto workers = make_workers({"ws1", stored});
    ASSERT_EQ(workers.size(), 2U);
    EXPECT_EQ(workers[1].stored, stored);
    EXPECT_THROW(ssh_command({}, workers[1].address), base::Error) << stored;
    EXPECT_THROW(scp_fetch_command({}, workers[1].address, "/r", "/l"), base::Error) << stored;
    EXPECT_THROW(scp_send_command({}, workers[1].address, "/l", "/r"), base::Error) << stored;
    const auto call = SshTransport({}, {}).run(workers[1].address, {.script = "true\n"});
    EXPECT_EQ(call.end, proc::CommandResult::End::not_started);
    EXPECT_NE(failure_reason(call).find("refused to connect: "), std::string::npos) << failure_reason(call);
    EXPECT_NO_THROW(ssh_command({}, workers[0].address));
  }
}

TEST(SshTarget, IsTheHostThatSshConnectsTo) {
  const support::TempDir directory;
  const auto config = (directory / "config").string();
  std::ofstream(config) << "Host WS1\n  HostName other\nHost ws2 WS2\n  HostName Same.\n  Port 2\n";
  SshOptions options;
  options.ssh_program = (directory / "ssh").string();
  std::ofstream(options.ssh_program) << "#!/bin/sh\nexec ssh -F " << config << " \"$@\"\n";
  std::filesystem::permissions(options.ssh_program, std::filesystem::perms::owner_all);
  const auto target = [&](const char* text) { return ssh_target(options, WorkerAddress::parse(text)); };
  if (!target("ws1")) {
    GTEST_SKIP() << "ssh is not installed";
  }
  EXPECT_EQ(target("ws1"), "ws1 22");
  EXPECT_EQ(target("alice@WS1:2222"), "other 22");
  EXPECT_EQ(target("ws2"), "same 2");
  EXPECT_EQ(target("WS2"), "same 2");
  EXPECT_EQ(target("ws3."), target("WS3"));
  options.ssh_program = "/no/such/ssh";
  EXPECT_EQ(target("ws1"), std::nullopt);
}

TEST(ScpFetchCommand, NeverTreatsALocalNameAsAHost) {
  EXPECT_EQ(scp_fetch_command({}, WorkerAddress::parse("ws1"), "/r", "logs:1/x").back(), "./logs:1/x");
  EXPECT_EQ(scp_fetch_command({}, WorkerAddress::parse("ws1"), "/r", "-x").back(), "./-x");
}

TEST(ScpFetchCommand, UsesTheConfiguredSsh) {
  SshOptions options;
  options.ssh_program = "/opt/ssh";
  EXPECT_EQ(scp_fetch_command(options, WorkerAddress::parse("ws1"), "/r", "/l"),
            (Words{"scp"} + k_common + Words{"-s", "-S", "/opt/ssh", "--", "ws1:/r", "/l"}));
}

TEST(ScpSendCommand, SendsOverSftp) {
  SshOptions options;
  options.ssh_program = "/opt/ssh";
  EXPECT_EQ(scp_send_command(options, WorkerAddress::parse("alice@[::1]:2222"), "/proc/1/exe", "/home/a b/t"),
            (Words{"scp"} + k_common +
             Words{"-s", "-S", "/opt/ssh", "-P", "2222", "--", "/proc/1/exe", "alice@[::1]:/home/a b/t"}));
  EXPECT_THROW(scp_send_command({}, {.user = "", .host = "-x", .port = {}}, "/a", "/b"), base::Error);
}

proc::CommandResult ended(int code, std::string out, std::string err) {
  return {.end = proc::CommandResult::End::exited, .code = code, .out = std::move(out), .err = std::move(err)};
}

TEST(FailureReason, IsTheErrorOfSsh) {
  EXPECT_EQ(failure_reason(ended(255, "", "ssh: connect to host ws2 port 22: No route to host\r\n")),
            "ssh: connect to host ws2 port 22: No route to host");
  EXPECT_EQ(failure_reason(ended(255, "",
                                 "Warning: Permanently added 'ws1' (ED25519) to the list of known hosts.\n"
                                 "alice@ws1: Permission denied (publickey).\n")),
            "Permission denied (publickey)");
}

TEST(FailureReason, HasAFallback) {
  EXPECT_EQ(failure_reason(ended(1, "This account is currently not available.\n", "")),
            "This account is currently not available.");
  EXPECT_EQ(failure_reason(ended(3, "", "")), "exit status 3");
  EXPECT_EQ(failure_reason(ended(0, "", "")), "the worker's shell did not run the script");
  EXPECT_EQ(failure_reason({.end = proc::CommandResult::End::timed_out}), "timed out");
}

TEST(FailureReason, ShowsNoControlCharacters) {
  EXPECT_EQ(failure_reason(ended(255, "", "evil \x1b[2J words\n")), "evil \\x1b[2J words");
}

}  // namespace
}  // namespace torc::remote
