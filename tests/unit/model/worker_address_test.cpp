#include "torc/model/worker_address.hpp"

#include <gtest/gtest.h>

#include "torc/base/error.hpp"

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

TEST(WorkerAddress, ReadsEveryFormOfTheWorkerFile) {
  EXPECT_EQ(WorkerAddress::parse("worker1.example.com"), (WorkerAddress{"", "worker1.example.com", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("alice@h2"), (WorkerAddress{"alice", "h2", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("admin@192.168.1.10:2222"), (WorkerAddress{"admin", "192.168.1.10", 2222}));
  EXPECT_EQ(WorkerAddress::parse("[2001:db8::1]"), (WorkerAddress{"", "2001:db8::1", std::nullopt}));
  EXPECT_EQ(WorkerAddress::parse("[::1]:2222"), (WorkerAddress{"", "::1", 2222}));
  EXPECT_EQ(WorkerAddress::parse("2001:db8::1"), (WorkerAddress{"", "2001:db8::1", std::nullopt}));
}

TEST(WorkerAddress, RefusesWhatSshWouldMisunderstand) {
  EXPECT_EQ(error_of(""), "Empty hostname");
  EXPECT_EQ(error_of("[::1"), "Unclosed bracket in IPv6 address");
  EXPECT_EQ(error_of("h:99999"), "Invalid port '99999' in 'h:99999'");
  EXPECT_NE(error_of("-oProxyCommand=touch x"), "no error");
  EXPECT_NE(error_of("-lroot@h"), "no error");
  EXPECT_NE(error_of("a b"), "no error");
}

TEST(WorkerFile, NamesLineOfADuplicate) {
  try {
    parse_worker_file("# two\nws1\n\nalice@ws1:22\n", "workers.txt");
    FAIL() << "no error";
  } catch (const base::Error& error) {
    EXPECT_STREQ(error.what(), "workers.txt:4: Duplicate host 'ws1' (each host should only appear once)");
  }
}

}  // namespace
}  // namespace torc::model
