// Requests in segments of every size, and limits of what the server buffers.

#include "server/http/request_reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace torc::server {
namespace {

using Progress = RequestReader::Progress;

constexpr std::size_t k_header = 1000;
constexpr std::size_t k_body = 10'000;

/// The outcome of the bytes of one connection.
struct Outcome {
  std::vector<std::string> bodies{};  ///< Bodies of the complete requests.
  int refused{0};                     ///< Status of the refusal that ended it; 0 if there was none.
  std::string message{};
};

/// Passes `bytes` to the reader in segments that end at the offsets `cuts`, as a session does.
Outcome feed(std::string_view bytes, const std::vector<std::size_t>& cuts) {
  RequestReader reader{k_header, k_body};
  Outcome outcome;
  reader.begin();
  std::size_t from = 0;
  const auto take = [&](std::size_t to) {
    const auto room = reader.prepare(to - from);
    std::memcpy(room.data(), bytes.data() + from, to - from);
    reader.commit(to - from);
    from = to;
    for (;;) {
      const auto progress = reader.parse();
      if (progress == Progress::needs_bytes) {
        return true;
      }
      if (progress == Progress::unreadable) {
        outcome.refused = reader.error().status;
        outcome.message = reader.error().message;
        return false;
      }
      if (progress == Progress::complete) {
        outcome.bodies.push_back(reader.message().body());
        reader.begin();
      }
    }
  };
  for (const std::size_t cut : cuts) {
    if (!take(cut)) {
      return outcome;
    }
  }
  take(bytes.size());
  return outcome;
}

std::vector<std::size_t> every(std::size_t step, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = step; at < size; at += step) {
    cuts.push_back(at);
  }
  return cuts;
}

const std::string k_chunked = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST(RequestReader, AcceptsAChunkedBodySplitAnywhere) {
  const std::string bytes = k_chunked + "5;a=b\r\nhello\r\n1;x\r\n!\r\n0;last\r\nT: x\r\nU: y\r\n\r\n";
  for (std::size_t first = 1; first < bytes.size(); ++first) {
    for (std::size_t second = first + 1; second < bytes.size(); ++second) {
      const auto outcome = feed(bytes, {first, second});
      ASSERT_EQ(outcome.bodies, std::vector<std::string>{"hello!"}) << first << ' ' << second << outcome.message;
    }
  }
}

TEST(RequestReader, TakesAnEmptyBodyInChunksCutAnywhere) {
  const std::string bytes = k_chunked + "0\r\n\r\n" + k_chunked + "0\r\n\r\n";
  for (std::size_t first = 1; first < bytes.size(); ++first) {
    for (std::size_t second = first + 1; second < bytes.size(); ++second) {
      ASSERT_EQ(feed(bytes, {first, second}).bodies.size(), 2U) << first << ' ' << second;
    }
  }
}

TEST(RequestReader, AcceptsPipelinedRequestsInSegmentsOfAnySize) {
  const std::string bytes = k_chunked + "3\r\nabc\r\n0\r\n\r\n" +
                            "GET / HTTP/1.1\r\nHost: h\r\n\r\nPOST / HTTP/1.1\r\nContent-Length: 4\r\n\r\ndefg" +
                            k_chunked + "0\r\nT: x\r\n\r\n";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const auto outcome = feed(bytes, every(step, bytes.size()));
    ASSERT_EQ(outcome.bodies, (std::vector<std::string>{"abc", "", "defg", ""})) << step << outcome.message;
  }
}

TEST(RequestReader, DoesNotParseTheSameBytesTwice) {
  RequestReader reader{k_header, k_body};
  reader.begin();
  const std::string bytes = k_chunked + "0\r\n";
  std::memcpy(reader.prepare(bytes.size()).data(), bytes.data(), bytes.size());
  reader.commit(bytes.size());
  ASSERT_EQ(reader.parse(), Progress::head_complete);
  EXPECT_EQ(reader.parse(), Progress::needs_bytes);
  EXPECT_EQ(reader.parse(), Progress::needs_bytes);
}

TEST(RequestReader, BoundsEachPartOfARequest) {
  const std::string much(k_header + 1, 'a');
  const struct {
    const char* what;
    std::string bytes;
    int status;
  } cases[] = {
      {"a header field", "GET / HTTP/1.1\r\nX: " + much + "\r\n\r\n", 431},
      {"a request line", "GET /" + much + " HTTP/1.1\r\n\r\n", 431},
      {"the extension of a chunk", k_chunked + "5;" + much, 431},
      {"the extension of the last chunk", k_chunked + "0;" + much, 431},
      {"a trailer's value", k_chunked + "0\r\nT: " + much, 431},
      {"a trailer's name", k_chunked + "0\r\n" + much, 431},
      {"a chunk", k_chunked + fmt::format("{:x}\r\n", k_body + 1), 413},
      {"an announced body", fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n", k_body + 1), 413},
  };
  for (const auto& test : cases) {
    for (const std::size_t step : {1UL, 7UL, 100UL, test.bytes.size()}) {
      const auto outcome = feed(test.bytes, every(step, test.bytes.size()));
      EXPECT_EQ(outcome.refused, test.status) << test.what << ' ' << step << ' ' << outcome.message;
    }
  }
}

TEST(RequestReader, BoundsManySmallPartsTogether) {
  std::string extensions = k_chunked;
  for (int i = 0; i < 100; ++i) {
    extensions += "1;" + std::string(500, 'a') + "\r\nx\r\n";
  }
  EXPECT_EQ(feed(extensions, every(1000, extensions.size())).refused, 413);
  std::string fields = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 1000; ++i) {
    fields += "X: y\r\n";
  }
  for (const std::size_t step : {1UL, 6UL, 100UL, fields.size()}) {
    EXPECT_EQ(feed(fields, every(step, fields.size())).refused, 431) << step;
  }
  std::string trailers = k_chunked + "0\r\n";
  for (int i = 0; i < 1000; ++i) {
    trailers += "T: x\r\n";
  }
  EXPECT_EQ(feed(trailers, every(100, trailers.size())).refused, 431);
}

TEST(RequestReader, AcceptsARequestThatJustFits) {
  const std::string body(k_body, 'x');
  EXPECT_EQ(feed(fmt::format("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{}", k_body, body), {}).bodies.at(0), body);
  EXPECT_EQ(feed(k_chunked + fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", k_body, body), {}).bodies.at(0), body);
}

TEST(RequestReader, RefusesLengthsThatCanBeReadInTwoWays) {
  for (const std::string fields : {"Content-Length: 5\r\nContent-Length: 5",
                                   "Content-Length: 5\r\nContent-Length: 6",
                                   "Content-Length: 5, 5",
                                   "Content-Length: +5",
                                   "Content-Length:",
                                   "Content-Length: 5\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: chunked\r\nContent-Length: 5",
                                   "Transfer-Encoding:",
                                   "Transfer-Encoding: ",
                                   "Transfer-Encoding: gzip",
                                   "Transfer-Encoding: gzip, chunked",
                                   "Transfer-Encoding: chunked, gzip",
                                   "Transfer-Encoding: chunked, chunked",
                                   "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                                   "Transfer-Encoding: identity",
                                   "Transfer-Encoding: \r\n chunked",
                                   "X: a\r\n b",
                                   "X: a\r\n\tb",
                                   "Content-Length: 5\r\n 6",
                                   "X: a\n b",
                                   "Content-Length: 5\nX: y",
                                   "X : y",
                                   "Content-Length : 5"}) {
    const std::string bytes = "POST / HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n\r\n0\r\n\r\n";
    for (const std::size_t step : {1UL, bytes.size()}) {
      const auto outcome = feed(bytes, every(step, bytes.size()));
      EXPECT_EQ(outcome.refused, 400) << fields << ' ' << step;
      EXPECT_TRUE(outcome.bodies.empty()) << fields;
    }
  }
  EXPECT_EQ(feed("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {}).refused, 400);
}

TEST(RequestReader, AcceptsTheCodingInAnyCase) {
  const std::string bytes = "POST / HTTP/1.1\r\ntransfer-encoding:  CHUNKED \r\n\r\n1\r\nx\r\n0\r\n\r\n";
  EXPECT_EQ(feed(bytes, {}).bodies, std::vector<std::string>{"x"});
}

}  // namespace torc::server
