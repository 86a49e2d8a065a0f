#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "server/service.hpp"
#include "service_fixture.hpp"

namespace torc::server {
namespace {

class RemoteWorkers : public ServiceTest {
 protected:
  void SetUp() override { make_workflow(); }

  Response add(const std::vector<std::string>& workers) {
    return ask("POST", "/workflows/1/remote_workers", model::dump_json(workers));
  }
  std::vector<std::string> stored() {
    std::vector<std::string> workers;
    for (const auto& worker : json("GET", "/workflows/1/remote_workers")) {
      workers.push_back(worker["worker"].get<std::string>());
    }
    return workers;
  }
};

TEST_F(RemoteWorkers, AreRefusedIfNoClientCouldReachThem) {
  for (const char* worker : {"-oProxyCommand=x",
                             "-l@h",
                             "h:0",
                             "h:99999",
                             "[::1",
                             "a b",
                             "a\tb",
                             "h;x",
                             "h$x",
                             "h`x`",
                             "h|x",
                             "h&x",
                             "h(x",
                             "h)x",
                             "h<x",
                             "h>x",
                             "h{x",
                             "h}x",
                             "h'x",
                             "h\"x",
                             "h,x",
                             "h\x1b",
                             "u;x@h",
                             "u$x@h",
                             "u,x@h",
                             "u\\@h",
                             "h\\x",
                             "h*",
                             "h!",
                             "h..",
                             ".",
                             "a:b:c"}) {
    const auto answer = add({"good", worker});
    EXPECT_EQ(answer.status, 422) << worker;
    EXPECT_NE(answer.body.find("is not a valid worker address"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(stored(), std::vector<std::string>{}) << "a refused request must store nothing";
}

TEST_F(RemoteWorkers, MayHaveAnyNameThatSshAccepts) {
  const std::vector<std::string> workers{"DOMAIN\\user@host", "[::1]:22", "fe80::1%eth0", "user@domain@ws1"};
  EXPECT_EQ(add(workers).status, 200);
  EXPECT_EQ(stored(), workers);
  EXPECT_EQ(ask("DELETE", "/workflows/1/remote_workers/fe80%3A%3A1%25eth0").status, 200);
  EXPECT_EQ(ask("DELETE", "/workflows/1/remote_workers/DOMAIN%5Cuser%40host").status, 200);
  EXPECT_EQ(add({" ws2\t"}).status, 200);
  EXPECT_EQ(stored(), (std::vector<std::string>{"[::1]:22", "user@domain@ws1", "ws2"}));
}

TEST_F(RemoteWorkers, AreRefusedInTwoSpellingsOfOneHost) {
  const std::vector<std::vector<std::string>> spellings{{"ws1", "WS1"},
                                                        {"ws1", "ws1."},
                                                        {"127.0.0.1", "127.1"},
                                                        {"0x7f.1", "2130706433"},
                                                        {"::1", "0:0::1"},
                                                        {"[::1]:22", "a@[0::1]:23"},
                                                        {"::ffff:127.0.0.1", "127.0.0.1"}};
  for (const auto& pair : spellings) {
    const auto answer = add(pair);
    EXPECT_EQ(answer.status, 422) << pair[1];
    EXPECT_NE(answer.body.find("have the same host"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(add({"fe80::1%eth0", "fe80::1%eth1"}).status, 200) << "two different links";
}

TEST_F(RemoteWorkers, AreRefusedInAnotherSpellingThanTheStoredOne) {
  EXPECT_EQ(add({"alice@ws1:22", "::1"}).status, 200);
  for (const char* worker : {"alice@WS1:22", "alice@ws1.:22", "[0:0::1]"}) {
    const auto answer = add({worker});
    EXPECT_EQ(answer.status, 422) << worker;
    EXPECT_NE(answer.body.find("already exists as"), std::string::npos) << answer.body;
  }
  EXPECT_EQ(add({"alice@ws1:22"}).status, 200) << "the same address again";
  EXPECT_EQ(add({"alice@ws1:23"}).status, 200) << "another sshd of the same host";
}

}  // namespace
}  // namespace torc::server
