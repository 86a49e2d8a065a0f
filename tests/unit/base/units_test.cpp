#include "torc/base/units.hpp"

#include <gtest/gtest.h>

namespace torc::base {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::chrono_literals;

TEST(IsoDuration, ReadsWeeksToFractionsOfSeconds) {
  EXPECT_EQ(parse_iso_duration("PT10M"), 10min);
  EXPECT_EQ(parse_iso_duration("P1DT2H3M4S"), 24h + 2h + 3min + 4s);
  EXPECT_EQ(parse_iso_duration("P2W"), 14 * 24h);
  EXPECT_EQ(parse_iso_duration("PT0.5S"), 500ms);
  EXPECT_EQ(parse_iso_duration("PT1.5H"), 90min);
  EXPECT_EQ(parse_iso_duration("PT0S"), 0ms);
  EXPECT_EQ(parse_iso_duration("PT90M"), 90min);
}

TEST(IsoDuration, RefusesEverythingElse) {
  for (const char* text : {"",        "P",        "PT",     "10M",   "P1Y", "P1M",  "PT5",
                           "PT-5M",   "P-1D",     "PT1M ",  " PT1M", "PTM", "PT1X", "P1DT",
                           "PT1MT1S", "PT1.2.3S", "PT1e3S", "pt1m",  "P1H", "PT1D", "PT99999999999999999999H"}) {
    EXPECT_EQ(parse_iso_duration(text), std::nullopt) << text;
  }
}

TEST(IsoDuration, IsFormattedInTheShortestForm) {
  EXPECT_EQ(format_iso_duration(1h), "PT1H");
  EXPECT_EQ(format_iso_duration(24h + 30min), "P1DT30M");
  EXPECT_EQ(format_iso_duration(48h), "P2D");
  EXPECT_EQ(format_iso_duration(0s), "PT0S");
  EXPECT_EQ(format_iso_duration(61s), "PT1M1S");
}

TEST(IsoDuration, SurvivesARoundTrip) {
  for (const std::int64_t value : {0L, 1L, 59L, 60L, 3599L, 3600L, 86399L, 86400L, 90061L, 31536000L}) {
    EXPECT_EQ(parse_iso_duration(format_iso_duration(seconds(value))), seconds(value)) << value;
  }
}

TEST(FormatDuration, IsForPeople) {
  EXPECT_EQ(format_duration(400ms), "0.4 s");
  EXPECT_EQ(format_duration(12s), "12 s");
  EXPECT_EQ(format_duration(59'600ms), "1 min 0 s");
  EXPECT_EQ(format_duration(185s), "3 min 5 s");
  EXPECT_EQ(format_duration(2h + 10min + 20s), "2 h 10 min");
  EXPECT_EQ(format_duration(100h), "100 h 0 min");
}

TEST(Memory, ReadsTheUnitsOfWorkflowFiles) {
  EXPECT_EQ(parse_memory("512"), 512);
  EXPECT_EQ(parse_memory("512k"), 512 * 1024);
  EXPECT_EQ(parse_memory("1M"), 1 << 20);
  EXPECT_EQ(parse_memory("2g"), 2LL << 30);
  EXPECT_EQ(parse_memory("3T"), 3LL << 40);
  EXPECT_EQ(parse_memory("4GB"), 4LL << 30);
  EXPECT_EQ(parse_memory("4GiB"), 4LL << 30);
}

TEST(Memory, RefusesEverythingElse) {
  for (const char* text :
       {"", "g", "-1g", "1.5g", "1x", "1gg", "1 2", "9223372036854775808", "9007199254740992k", "8388608t", "bb"}) {
    EXPECT_EQ(parse_memory(text), std::nullopt) << text;
  }
}

TEST(FormatBytes, IsForPeople) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1023 B");
  EXPECT_EQ(format_bytes(1536), "1.5 KiB");
  EXPECT_EQ(format_bytes(5LL << 40), "5.0 TiB");
}

TEST(Timestamp, ReadsUtcOffsetsAndFractions) {
  const auto expected = std::chrono::system_clock::time_point(milliseconds(1'767'322'984'000));
  EXPECT_EQ(parse_timestamp("2026-01-02T03:03:04Z"), expected);
  EXPECT_EQ(parse_timestamp("2026-01-02T05:03:04+02:00"), expected);
  EXPECT_EQ(parse_timestamp("2026-01-01T21:33:04-05:30"), expected);
  EXPECT_EQ(parse_timestamp("2026-01-02T03:03:04.250Z"), expected + 250ms);
  EXPECT_EQ(parse_timestamp("2026-01-02T03:03:04.123456789+00:00"), expected + 123ms);
}

TEST(Timestamp, RefusesEverythingElse) {
  for (const char* text :
       {"", "2026-01-02", "2026-01-02T03:03:04", "2026-01-02T03:03:04X", "2026-01-02T03:03:04+02:00x",
        "2026-01-02T03:03:04.Z", "2026-01-02T03:03:04.1e3Z", "2026-13-02T03:03:04Z", "now"}) {
    EXPECT_EQ(parse_timestamp(text), std::nullopt) << text;
  }
}

TEST(Timestamp, SurvivesARoundTrip) {
  const auto when = std::chrono::system_clock::time_point(milliseconds(1'767'322'984'005));
  EXPECT_EQ(format_timestamp(when), "2026-01-02T03:03:04.005Z");
  EXPECT_EQ(parse_timestamp(format_timestamp(when)), when);
}

TEST(Timestamp, HandlesTimesBefore1970) {
  const auto when = std::chrono::system_clock::time_point(milliseconds(-1));
  EXPECT_EQ(format_timestamp(when), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(parse_timestamp(format_timestamp(when)), when);
}

TEST(Timestamp, NowIsTheCurrentTime) {
  const auto now = parse_timestamp(timestamp_now());
  ASSERT_TRUE(now.has_value());
  EXPECT_LT(std::chrono::abs(std::chrono::system_clock::now() - *now), 5s);
  EXPECT_LT(std::abs(unix_millis_now() - now->time_since_epoch() / 1ms), 5'000);
}

}  // namespace
}  // namespace torc::base
