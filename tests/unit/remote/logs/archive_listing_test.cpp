#include "remote/logs/archive_listing.hpp"

#include <gtest/gtest.h>

#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/error.hpp"

namespace torc::remote {
namespace {

// The archive ends within the second file, so that reading beyond the bound would report damage.
TEST(CheckArchive, ReadingEndsAtTheBound) {
  const support::TempDir directory;
  support::TarBuilder tar;
  tar.file("./first", "1").add('0', "./second", "x", {.claimed_size = std::int64_t{2} << 30});
  const auto file = tar.write(directory / "a.tar.gz");
  const std::vector<PackedFile> files{{.name = "./first", .size = 1}, {.name = "./absent", .size = 1}};
  const auto is_too_large = [](const archive::Survey& so_far) {
    return !archive::why_too_large(so_far, std::nullopt).empty();
  };
  const auto checked = check_archive(file, files, {}, is_too_large);
  EXPECT_EQ(checked.problem, "");
  EXPECT_EQ(checked.survey.entries, 2U);
  EXPECT_TRUE(is_too_large(checked.survey));
  EXPECT_THROW(check_archive(file, files, {}), base::Error);
}

TEST(CheckArchive, ComparesBelowTheBound) {
  const support::TempDir directory;
  const auto file = support::TarBuilder().file("./first", "1").write(directory / "a.tar.gz");
  const auto never = [](const archive::Survey&) { return false; };
  EXPECT_EQ(check_archive(file, {{.name = "./first", .size = 1}}, {}, never).problem, "");
  EXPECT_EQ(check_archive(file, {{.name = "./absent", .size = 1}}, {}, never).problem, "the archive lacks ./absent");
}

}  // namespace
}  // namespace torc::remote
