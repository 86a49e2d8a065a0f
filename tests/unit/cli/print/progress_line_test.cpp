#include "cli/print/progress_line.hpp"

#include <gtest/gtest.h>

using torc::cli::progress_text;
using namespace std::chrono_literals;

TEST(ProgressText, HasWhatIsKnown) {
  EXPECT_EQ(progress_text({.total = 5000, .running = 8}), "0/5000 jobs  8 running");
  EXPECT_EQ(progress_text({.total = 5000, .done_here = 1243, .running = 8, .failed = 2, .elapsed = 3'017ms}),
            "1243/5000 jobs  8 running  2 failed  412/s  about 10 s left");
}

TEST(ProgressText, WaitsForARate) {
  EXPECT_EQ(progress_text({.total = 9, .done_here = 3, .running = 1, .elapsed = 100ms}), "3/9 jobs  1 running");
}

TEST(ProgressText, HasTheRateOfThisRunOnly) {
  EXPECT_EQ(progress_text({.total = 100, .done_before = 50, .done_here = 10, .running = 1, .elapsed = 10s}),
            "60/100 jobs  1 running  1.0/s  about 40 s left");
}

TEST(ProgressText, HasSlowRatesPerMinuteOrHour) {
  EXPECT_EQ(progress_text({.total = 4, .done_here = 2, .running = 1, .elapsed = 60s}),
            "2/4 jobs  1 running  2.0/min  about 1 min 0 s left");
  EXPECT_EQ(progress_text({.total = 2, .done_here = 1, .running = 1, .elapsed = 2h}),
            "1/2 jobs  1 running  0.5/h  about 2 h 0 min left");
}

TEST(ProgressText, HasNoTimeLeftAtTheEnd) {
  EXPECT_EQ(progress_text({.total = 2, .done_here = 2, .elapsed = 1s}), "2/2 jobs  0 running  2.0/s");
}
