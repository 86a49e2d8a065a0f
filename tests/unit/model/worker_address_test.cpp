#include "torc/model/worker_address.hpp"

#include <set>

#include <gtest/gtest.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::model {
namespace {

std::string error_of(const std::string& text) {
  try {
    WorkerAddress::parse(text);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

std::vector<WorkerAddress> parse_all(const std::vector<std::string>& texts) {
  std::vector<WorkerAddress> workers;
  for (const auto& text : texts) {
    workers.push_back(WorkerAddress::parse(text));
  }
  return workers;
}

TEST(WorkerAddress, ParsesEveryFormOfAnAddress) {
  EXPECT_EQ(WorkerAddress::parse("worker1.example.com"), (WorkerAddress{"", "worker1.example.com", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("alice@h2"), (WorkerAddress{"alice", "h2", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("admin@192.168.1.10:2222"), (WorkerAddress{"admin", "192.168.1.10", 2222}));
  EXPECT_EQ(WorkerAddress::parse("10.0.0.5"), (WorkerAddress{"", "10.0.0.5", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("[2001:db8::1]"), (WorkerAddress{"", "2001:db8::1", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("[::1]:2222"), (WorkerAddress{"", "::1", 2222}));
  EXPECT_EQ(WorkerAddress::parse("2001:db8::1"), (WorkerAddress{"", "2001:db8::1", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("bob@[fe80::1]:22"), (WorkerAddress{"bob", "fe80::1", 22}));
  EXPECT_EQ(WorkerAddress::parse("  ws1\t"), (WorkerAddress{"", "ws1", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("me@corp.example@login1:1"), (WorkerAddress{"me@corp.example", "login1", 1}));
  EXPECT_EQ(WorkerAddress::parse("h:65535").port, 65535);
}

TEST(WorkerAddress, ReportsTheCauseOfAnError) {
  EXPECT_EQ(error_of(""), "Empty hostname");
  EXPECT_EQ(error_of("   "), "Empty hostname");
  EXPECT_EQ(error_of("alice@"), "Empty hostname");
  EXPECT_EQ(error_of(":22"), "Empty hostname");
  EXPECT_EQ(error_of("[]:22"), "Empty hostname");
  EXPECT_EQ(error_of("@h"), "Empty user name in '@h'");
  EXPECT_EQ(error_of("[::1"), "Unclosed bracket in IPv6 address");
  EXPECT_EQ(error_of("[::1]2222"), "Unexpected '2222' after the bracket in '[::1]2222'");
  EXPECT_EQ(error_of("h:99999"), "Invalid port '99999' in 'h:99999'");
  EXPECT_EQ(error_of("u@h:0"), "Invalid port '0' in 'u@h:0'");
  for (const char* port : {"", "x", "-1", "+1", "22x", "65536", " 22", "0x16", "99999999999999999999"}) {
    EXPECT_EQ(error_of("h:" + std::string(port) + "."),
              "Invalid port '" + std::string(port) + ".' in 'h:" + port + ".'");
  }
  EXPECT_EQ(error_of("[::1]:"), "Invalid port '' in '[::1]:'");
}

TEST(WorkerAddress, RejectsNamesThatSshWouldMisread) {
  for (const char* text : {"-oProxyCommand=touch x", "-lroot@h", "u@-h", "-", "--", "[-h]:22", "-h:22"}) {
    EXPECT_NE(error_of(text).find("starts with '-'"), std::string::npos) << text << ": " << error_of(text);
  }
  for (const char* text : {"a b", "u v@h", "h/x", "h\\x", "a'b", "a\"b", "u@h\x1b[2J", "h\nx", "h\x7f", "[a]b]:1"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

TEST(WorkerAddress, RejectsNamesThatAShellWouldInterpret) {
  for (const char c : std::string_view("`$;|&()<>{}'\",/ \t\r\n\v\f\x01\x1f\x7f")) {
    for (const std::string& text : {std::string("a") + c + "b", std::string("a") + c + "b@h", std::string("u@a") + c}) {
      if (base::trim(text) == text) {
        EXPECT_NE(error_of(text), "no error") << text;
      }
    }
  }
  for (const char* text : {"u\\@h", "a\\b@c\\@h", "h\\x", "a:b@h",
                           "a\xc2\xa0"
                           "b",
                           "a\xe3\x80\x80"
                           "b@h",
                           "a\xe2\x80\xa8"
                           "b",
                           "a\xc2\x9b"
                           "b"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

TEST(WorkerAddress, NamesTheCharacterThatIsNotAllowed) {
  EXPECT_EQ(error_of("h$x"), "Invalid host name 'h$x' in 'h$x': contains '$', which is not allowed in a host name");
  EXPECT_EQ(error_of("u;x@h"), "Invalid user name 'u;x' in 'u;x@h': contains ';', which is not allowed in a user name");
}

TEST(WorkerAddress, RejectsHostsThatNoResolverAccepts) {
  for (const char* text : {"h..", ".", "..", "a..b", ".h", "h*", "h?", "h!", "!h", "u@h*:22", "[.]:22"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
  EXPECT_EQ(WorkerAddress::parse("ws1.example.com.").host, "ws1.example.com.");
}

TEST(WorkerAddress, AcceptsUnusualNamesThatSshAccepts) {
  EXPECT_EQ(WorkerAddress::parse("user@domain@host:22"), (WorkerAddress{"user@domain", "host", 22}));
  EXPECT_EQ(WorkerAddress::parse("DOMAIN\\user@host"), (WorkerAddress{"DOMAIN\\user", "host", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("fe80::1%eth0"), (WorkerAddress{"", "fe80::1%eth0", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("u@[fe80::1%eth0]:22"), (WorkerAddress{"u", "fe80::1%eth0", 22}));
  EXPECT_EQ(WorkerAddress::parse("node_1"), (WorkerAddress{"", "node_1", std::nullopt}));
  EXPECT_EQ(worker_keys(parse_all({"DOMAIN\\user@host", "fe80::1%eth0"})),
            (std::vector<std::string>{"DOMAIN_user_host", "_fe80__1_eth0_"}));
}

TEST(WorkerAddress, RejectsColonsOutsideAnIpv6Address) {
  for (const char* text : {"a:b:c", "[h:99999]", "[::1]x", "[fe80::1%]", "[:::]", "1:2:3:4:5:6:7:8:9"}) {
    EXPECT_NE(error_of(text), "no error") << text;
  }
}

TEST(HostIdentity, IsTheSameForAllFormsOfAnAddress) {
  for (const char* text : {"127.0.0.1", "127.1", "0x7f.1", "0177.0.0.1", "2130706433", "0x7F000001", "::ffff:127.0.0.1",
                           "::FFFF:7f00:1", "0:0:0:0:0:ffff:7f00:0001", "127.0.0.1."}) {
    EXPECT_EQ(host_identity(text), "127.0.0.1") << text;
    EXPECT_TRUE(std::string_view(text).ends_with('.') || is_ip_address(text)) << text;
  }
  for (const char* text : {"2001:DB8::1", "2001:db8:0:0:0:0:0:1", "2001:0db8::0001"}) {
    EXPECT_EQ(host_identity(text), "2001:db8::1") << text;
  }
  EXPECT_EQ(host_identity("FE80:0::1%eth0"), "fe80::1%eth0");
  EXPECT_NE(host_identity("fe80::1%eth0"), host_identity("fe80::1%eth1"));
  EXPECT_EQ(host_identity("WS1.Example.com."), "ws1.example.com");
  EXPECT_FALSE(is_ip_address("ws1"));
  EXPECT_FALSE(is_ip_address("127.0.0.256"));
  EXPECT_FALSE(is_ip_address("face.b00c"));
}

TEST(DistinctHosts, AcceptsEachHostOnce) {
  const auto error_of_second = [](const char* first, const char* second) -> std::string {
    DistinctHosts hosts;
    hosts.add(WorkerAddress::parse(first));
    try {
      hosts.add(WorkerAddress::parse(second));
    } catch (const base::Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_EQ(error_of_second("ws1", "a@ws1:22"), "Duplicate host 'ws1' (each host should only appear once)");
  EXPECT_EQ(error_of_second("127.0.0.1", "a@127.1:22"),
            "Duplicate host '127.1', the same as '127.0.0.1' (each host should only appear once)");
  EXPECT_NE(error_of_second("[::1]", "0:0::1"), "");
  EXPECT_EQ(error_of_second("ws1", "WS1"), "") << "only ssh's configuration can tell";
}

TEST(WorkerAddress, RejectsInvalidUtf8) {
  EXPECT_NE(error_of("b\xff"
                     "d")
                .find("it is not UTF-8"),
            std::string::npos);
  EXPECT_NE(error_of("\xc3(@h").find("it is not UTF-8"), std::string::npos);
  EXPECT_EQ(WorkerAddress::parse("b\xc3\xbc"
                                 "ro")
                .host,
            "b\xc3\xbc"
            "ro");
}

TEST(WorkerAddress, ErrorsContainNoControlCharacters) {
  EXPECT_EQ(error_of("h\x1b[2J:99999").find('\x1b'), std::string::npos);
  EXPECT_EQ(error_of("\x1b[2J@h").find('\x1b'), std::string::npos);
}

TEST(WorkerAddress, RoundTripsThroughItsText) {
  for (const char* text :
       {"ws1", "alice@ws1", "alice@ws1:2222", "[::1]", "[::1]:2222", "bob@[fe80::1]:22", "10.0.0.5:1",
        "DOMAIN\\user@host", "user@domain@host:22", "[fe80::1%eth0]", "u@[fe80::1%eth0]:22"}) {
    EXPECT_EQ(to_string(WorkerAddress::parse(text)), text);
  }
  EXPECT_EQ(to_string(WorkerAddress::parse("2001:db8::1")), "[2001:db8::1]");
}

TEST(DisplayNames, AreHostsIfThatIsUnambiguous) {
  EXPECT_EQ(display_names(parse_all({"ws1", "alice@ws2:2222"})), (std::vector<std::string>{"ws1", "ws2"}));
  EXPECT_EQ(display_names(parse_all({"ws1:1", "ws1:2", "bob@ws3"})),
            (std::vector<std::string>{"ws1:1", "ws1:2", "bob@ws3"}));
  EXPECT_TRUE(display_names({}).empty());
}

TEST(WorkerKeys, AreFileNames) {
  EXPECT_EQ(worker_keys(parse_all({"ws1", "alice@ws3:2222", "[::1]:22", "a.b-c"})),
            (std::vector<std::string>{"ws1", "alice_ws3_2222", "___1__22", "a_b-c"}));
}

TEST(WorkerKeys, DifferIfTheNamesWouldCollide) {
  const auto keys = worker_keys(parse_all({"a.b", "a_b", "ws1"}));
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 3u);
  EXPECT_EQ(keys[0].substr(0, 4), "a_b_");
  EXPECT_EQ(keys[0].size(), 12u);
  EXPECT_EQ(keys[2], "ws1") << "a unique name must stay readable";
}

TEST(WorkerKeys, DoNotDependOnTheOrder) {
  const auto forward = worker_keys(parse_all({"a.b", "a_b"}));
  const auto backward = worker_keys(parse_all({"a_b", "a.b"}));
  EXPECT_EQ(forward[0], backward[1]);
  EXPECT_EQ(forward[1], backward[0]);
}

}  // namespace
}  // namespace torc::model
