#include "metrics/process_stat.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <string>

#include "torc/base/file.hpp"

namespace torc::metrics {
namespace {

constexpr const char* k_numbers =
    " S 7 40 41 0 -1 4194560 100 200 1 2 11 22 33 44 20 0 3 0 5555 9000000 1234 18446744073709551615 1 1 0";

TEST(ProcessStat, HasTheFieldsOfTheKernelsLine) {
  const auto stat = parse_process_stat(40, std::string("40 (sleep)") + k_numbers);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->pid, 40);
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 7);
  EXPECT_EQ(stat->session, 41);
  EXPECT_EQ(stat->own_ticks, 33U);
  EXPECT_EQ(stat->children_ticks, 77U);
  EXPECT_EQ(stat->ticks(), 110U);
  EXPECT_EQ(stat->start_ticks, 5555U);
  EXPECT_EQ(stat->resident_pages, 1234);
  EXPECT_FALSE(stat->zombie());
}

TEST(ProcessStat, IsParsedAfterAnyProgramName) {
  const auto stat = parse_process_stat(40, std::string("40 (a ) R 1 (b\n)") + k_numbers);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->parent, 7);
}

TEST(ProcessStat, HasNoValueForAnIncompleteLine) {
  const std::string line = std::string("40 (sleep)") + k_numbers;
  for (std::size_t size = 0; size < line.find("5555"); ++size) {
    EXPECT_FALSE(parse_process_stat(40, line.substr(0, size))) << size;
  }
}

TEST(ProcessStat, IsReadFromProc) {
  const base::Fd directory = base::open_file("/proc", O_RDONLY | O_DIRECTORY);
  const auto own = read_process_stat(directory.get(), ::getpid());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->parent, ::getppid());
  EXPECT_EQ(own->session, ::getsid(0));
  EXPECT_GT(own->resident_pages, 0);
  EXPECT_FALSE(read_process_stat(directory.get(), -1));
}

}  // namespace
}  // namespace torc::metrics
