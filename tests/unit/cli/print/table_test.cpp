#include "cli/print/table.hpp"

#include <gtest/gtest.h>

using torc::cli::Table;
using Lines = std::vector<std::string>;

TEST(Table, AlignsColumnsAndLeavesNoSpaceAtTheEnd) {
  Table table({"ID", "Name", "Note"});
  table.add_row({"1", "long name", ""});
  table.add_row({"100", "b", "x"});

  EXPECT_EQ(table.lines(),
            (Lines{"ID   Name       Note", "--------------------", "1    long name", "100  b          x"}));
}

TEST(Table, ShowsControlCharactersInsteadOfSendingThem) {
  Table table({"A", "B"});
  table.add_row({"\x1b[31mred", "two\nlines\t!"});

  EXPECT_EQ(table.lines().at(2), "\\x1b[31mred  two\\nlines\\t!");
}

TEST(Table, CountsCodePointsNotBytes) {
  Table table({"A", "B"});
  table.add_row({"\xc3\xa9\xc3\xa9", "x"});
  table.add_row({"abcd", "y"});

  EXPECT_EQ(table.lines().at(2), "\xc3\xa9\xc3\xa9    x");
}

TEST(Table, FillsShortRows) {
  Table table({"A", "B"});
  table.add_row({"1"});
  EXPECT_EQ(table.lines().at(2), "1");
  EXPECT_EQ(Table({}).lines().size(), 2U);
}
