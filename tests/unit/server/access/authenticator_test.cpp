#include "server/access/authenticator.hpp"

#include <chrono>
#include <future>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "unit/server/service_fixture.hpp"

namespace torc::server {
namespace {

std::string base64(std::string_view text) {
  constexpr std::string_view k_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t held = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      held = held * 256 + (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      result += i + k <= text.size() ? k_digits[(held >> (18 - 6 * k)) & 63] : '=';
    }
  }
  return result;
}

std::string basic(const std::string& user, const std::string& password) {
  return "Basic " + base64(user + ":" + password);
}

class AuthenticatorTest : public testing::Test {
 protected:
  AuthenticatorTest() {
    set_password(file, "alice", hash_password("secret", 4));
    set_password(file, "slow", hash_password("secret", 11));
  }

  std::future<Identity> ask_later(const std::string& header, const std::string& client = "192.0.2.7") {
    auto promise = std::make_shared<std::promise<Identity>>();
    authenticator->identify(header, client, [promise](Identity identity) { promise->set_value(std::move(identity)); });
    return promise->get_future();
  }
  Identity ask(const std::string& header) { return ask_later(header).get(); }
  void start(bool required) { authenticator = std::make_unique<Authenticator>(file, required, reply_at_once); }

  support::TempDir dir;
  std::string file{dir / "users"};
  std::unique_ptr<Authenticator> authenticator;
};

TEST(BasicCredentials, AreParsed) {
  const auto parsed = parse_basic_credentials("basic  " + base64("al:s:ecret"));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->user, "al");
  EXPECT_EQ(parsed->password, "s:ecret");
  EXPECT_FALSE(parse_basic_credentials("Bearer abc").has_value());
  EXPECT_FALSE(parse_basic_credentials("Basic").has_value());
  EXPECT_FALSE(parse_basic_credentials("Basic !!!!").has_value());
  EXPECT_FALSE(parse_basic_credentials("Basic " + base64("no colon")).has_value());
}

TEST_F(AuthenticatorTest, KnowsUsersByTheirPasswords) {
  start(true);
  for (int i = 0; i < 2; ++i) {  // the second time from the cache
    const auto right = ask(basic("alice", "secret"));
    EXPECT_EQ(right.status, 200);
    EXPECT_EQ(right.user, "alice");
    EXPECT_EQ(ask(basic("alice", "secret2")).status, 401);
    EXPECT_EQ(ask(basic("bob", "secret")).status, 401);
  }
  EXPECT_EQ(ask(basic("alice", "")).status, 401);
  EXPECT_EQ(ask(basic(std::string("alice\0", 6), "secret")).status, 401);
  EXPECT_EQ(ask(basic("alice", std::string("secret\0", 7))).status, 401);
  EXPECT_EQ(ask("Bearer x").status, 401);
}

TEST_F(AuthenticatorTest, CredentialsAreOptionalUnlessRequired) {
  start(true);
  EXPECT_EQ(ask("").status, 401);
  start(false);
  EXPECT_EQ(ask("").user, "anonymous");
  EXPECT_EQ(ask(basic("alice", "wrong")).status, 401);
}

TEST_F(AuthenticatorTest, AnUnknownUserTakesAsLongAsAKnownOne) {
  start(true);
  const auto time_of = [&](const std::string& header) {
    const auto began = std::chrono::steady_clock::now();
    EXPECT_EQ(ask(header).status, 401);
    return std::chrono::steady_clock::now() - began;
  };
  const auto known = time_of(basic("slow", "wrong"));
  const auto unknown = time_of(basic("nobody", "wrong"));
  EXPECT_GT(unknown, known / 4);
}

TEST_F(AuthenticatorTest, AFloodOfWrongPasswordsDoesNotDelayKnownUsers) {
  start(true);
  EXPECT_EQ(ask(basic("alice", "secret")).status, 200);
  std::vector<std::future<Identity>> flood;
  int busy = 0;
  for (int i = 0; i < 200; ++i) {
    flood.push_back(ask_later(basic("u" + std::to_string(i % 20), "wrong" + std::to_string(i))));
  }
  auto known = ask_later(basic("alice", "secret"));
  EXPECT_EQ(known.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  for (auto& answer : flood) {
    if (answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready) {
      busy += answer.get().status == 503 ? 1 : 0;
    }
  }
  EXPECT_GE(busy, 100);
  authenticator.reset();  // must not wait for the other checks
}

TEST_F(AuthenticatorTest, OneUserNameCannotFillTheQueue) {
  start(true);
  std::vector<std::future<Identity>> flood;
  for (int i = 0; i < 20; ++i) {
    flood.push_back(ask_later(basic("slow", "wrong" + std::to_string(i))));
  }
  EXPECT_EQ(ask(basic("alice", "secret")).status, 200);
}

TEST_F(AuthenticatorTest, AFullQueueOfOneAddressDoesNotAffectAnother) {
  start(true);
  std::vector<std::future<Identity>> flood;
  for (int i = 0; i < 200; ++i) {
    flood.push_back(ask_later(basic("u" + std::to_string(i), "wrong")));
  }
  EXPECT_EQ(flood.back().get().status, 503);
  // A login that an attacker also attempts does not wait for the attacker's turn either.
  auto shared = ask_later(basic("alice", "secret"), "198.51.100.2");
  EXPECT_EQ(ask_later(basic("alice", "secret")).get().status, 200);
  EXPECT_EQ(shared.get().status, 200);
}

TEST_F(AuthenticatorTest, ACheckFreesItsPlacesAtAllAddresses) {
  start(true);
  // An address with failures has few places and waits for its turn. Its logins may be checked earlier for others.
  for (int i = 0; i < 20; ++i) {
    const auto header = basic("alice", "wrong" + std::to_string(i));
    auto waiting = ask_later(header);
    EXPECT_EQ(ask_later(header, "203.0.113." + std::to_string(i)).get().status, 401);
    EXPECT_EQ(waiting.get().status, 401) << i;
  }
}

TEST_F(AuthenticatorTest, AFullQueueOfAllMakesRoomForFurtherAddresses) {
  start(true);
  std::vector<std::future<Identity>> flood;
  for (std::size_t i = 0; i < LoginQueue::k_max_queued + 8; ++i) {
    flood.push_back(ask_later(basic("u" + std::to_string(i), "wrong"), "198.51.100." + std::to_string(i / 8)));
  }
  std::vector<std::future<Identity>> others;
  for (int i = 0; i < 64; ++i) {
    others.push_back(ask_later(basic("v" + std::to_string(i), "wrong"), "203.0.113." + std::to_string(i)));
  }
  const auto busy = [](std::vector<std::future<Identity>>& answers) {
    int count = 0;
    for (auto& answer : answers) {
      const bool is_ready = answer.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      count += is_ready && answer.get().status == 503 ? 1 : 0;
    }
    return count;
  };
  EXPECT_GT(busy(flood), 0);
  EXPECT_EQ(busy(others), 0);
  authenticator.reset();  // must not wait for the other checks
}

TEST_F(AuthenticatorTest, TheSamePasswordIsCheckedOnceForAllRequests) {
  start(true);
  std::vector<std::future<Identity>> answers;
  for (int i = 0; i < 500; ++i) {
    answers.push_back(ask_later(basic("slow", "secret")));
  }
  for (auto& answer : answers) {
    EXPECT_EQ(answer.get().status, 200);
  }
}

TEST_F(AuthenticatorTest, AStopAnswersPendingChecks) {
  start(true);
  std::vector<std::future<Identity>> waiting;
  for (int i = 0; i < 20; ++i) {
    waiting.push_back(ask_later(basic("slow" + std::to_string(i), "wrong"), "192.0.2." + std::to_string(i)));
  }
  authenticator->end_waits();
  int refused = 0;
  for (auto& answer : waiting) {
    ASSERT_EQ(answer.wait_for(std::chrono::seconds{10}), std::future_status::ready);
    refused += answer.get().status == 503 ? 1 : 0;
  }
  EXPECT_GE(refused, 18) << "all except those that were being checked";
  EXPECT_EQ(ask(basic("alice", "secret")).status, 503);
}

TEST_F(AuthenticatorTest, AReloadClearsTheCache) {
  start(true);
  EXPECT_EQ(ask(basic("alice", "secret")).status, 200);
  EXPECT_EQ(ask(basic("bob", "secret")).status, 401);
  set_password(file, "alice", hash_password("other", 4));
  set_password(file, "bob", hash_password("secret", 4));
  EXPECT_EQ(ask(basic("alice", "secret")).status, 200);
  EXPECT_EQ(authenticator->reload(), 3U);
  EXPECT_EQ(ask(basic("alice", "secret")).status, 401);
  EXPECT_EQ(ask(basic("alice", "other")).status, 200);
  EXPECT_EQ(ask(basic("bob", "secret")).status, 200);
}

TEST_F(AuthenticatorTest, ADamagedFileKeepsThePreviousUsers) {
  start(true);
  base::write_file_atomically(file, "alice\n");
  EXPECT_THROW(authenticator->reload(), base::Error);
  EXPECT_EQ(ask(basic("alice", "secret")).status, 200);
  EXPECT_THROW(start(true), base::Error);
}

}  // namespace
}  // namespace torc::server
