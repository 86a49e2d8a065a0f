#include "torc/archive/unpack.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "archive/link_check.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"
#include "torc/base/fd.hpp"

namespace torc::archive {
namespace {

namespace fs = std::filesystem;
using support::TarBuilder;

class UnpackTest : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(m_dir / "place");
    std::ofstream(m_dir / "victim") << "as it was";
  }

  UnpackReport unpack_all(const TarBuilder& tar) {
    const auto file = tar.write(m_dir / "a.tar.gz");
    return unpack(file, survey(file, {}), target(), {});
  }

  fs::path target() const { return m_dir / "place/new"; }

  /// The entries of the directory: their type and, for files and links, their content.
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> result;
    for (const auto& entry : fs::recursive_directory_iterator(target())) {
      std::string text = "directory";
      if (entry.is_symlink()) {
        text = "-> " + fs::read_symlink(entry.path()).string();
      } else if (entry.is_regular_file()) {
        std::ifstream file(entry.path());
        text.assign(std::istreambuf_iterator<char>(file), {});
      }
      result[entry.path().lexically_relative(target()).string()] = text;
    }
    return result;
  }

  /// Checks that only the target and the archive exist, and that the victim is unchanged.
  void expect_nothing_outside() const {
    std::ifstream victim(m_dir / "victim");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(victim), {}), "as it was");
    EXPECT_EQ(std::distance(fs::directory_iterator(m_dir.path()), {}), 3);
    EXPECT_LE(std::distance(fs::directory_iterator(m_dir / "place"), {}), 1);
  }

  unsigned mode_of(const std::string& name) const {
    struct stat info {};
    return ::lstat((target() / name).c_str(), &info) == 0 ? info.st_mode & 07777U : ~0U;
  }

  support::TempDir m_dir;
};

using Tree = std::map<std::string, std::string>;

TEST_F(UnpackTest, UnpacksFilesDirectoriesAndLinks) {
  TarBuilder tar;
  tar.add('5', "./", "", 0755).add('5', "./d", "", 0755).file("./d/f", "content").file("e/without/entry", "x");
  tar.add('2', "./d/s", "../e/without").add('1', "./h", "./d/f").add('2', "up", "d/../d/f");
  const auto report = unpack_all(tar);
  EXPECT_EQ(report.skipped.text(), "");
  EXPECT_EQ(report.stripped.text(), "");
  EXPECT_EQ(tree(), (Tree{{"d", "directory"},
                          {"d/f", "content"},
                          {"d/s", "-> ../e/without"},
                          {"e", "directory"},
                          {"e/without", "directory"},
                          {"e/without/entry", "x"},
                          {"h", "content"},
                          {"up", "-> d/../d/f"}}));
  struct stat info {};
  ASSERT_EQ(::stat((target() / "d/f").c_str(), &info), 0);
  EXPECT_EQ(info.st_mtime, 1'700'000'000);
  EXPECT_EQ(info.st_nlink, 2U);
}

TEST_F(UnpackTest, NamesThatLeaveAreSkipped) {
  TarBuilder tar;
  tar.file("../../victim", "bad").file((m_dir / "victim").string(), "bad").file("a/../../../victim", "bad");
  tar.file("good", "1").add('5', "../made").file(std::string(5'000, 'n'), "long").file(std::string(256, 'n'), "long");
  const auto report = unpack_all(tar);
  EXPECT_EQ(report.skipped.count(), 6U);
  EXPECT_EQ(report.skipped.texts()[0], "file ../../victim (its name leaves the directory or is too long)");
  EXPECT_EQ(tree(), (Tree{{"good", "1"}}));
  expect_nothing_outside();
}

TEST_F(UnpackTest, LinksThatLeaveAreSkipped) {
  const std::string outside = m_dir.path().string();
  TarBuilder tar;
  tar.add('2', "absolute", outside).file("absolute/victim", "bad");
  tar.add('2', "relative", "../..").file("relative/victim", "bad");
  tar.add('2', ".", outside).add('2', "second", "first").add('2', "first", "..").add('2', "d/winding", "x/../../..");
  tar.add('2', "d/inside", "../good").file("good", "1").add('2', "circle", "circle").add('2', "through", "d/up/..");
  tar.add('2', "d/up", "..").add('1', "hard", outside + "/victim").file("hard", "bad");
  tar.add('1', "hard2", "../../victim").add('1', "hard3", "relative/../../victim").add('1', "hard4", "nowhere");
  tar.file("hard4", "own");
  const auto report = unpack_all(tar);
  const auto skipped = report.skipped.text();
  EXPECT_EQ(report.skipped.count(), 10U) << skipped;
  for (const auto* name : {"link .", "hard link hard (", "hard link hard2", "link first (it leaves"}) {
    EXPECT_NE(skipped.find(name), std::string::npos) << name << " in " << skipped;
  }
  EXPECT_EQ(tree(), (Tree{{"absolute", "directory"},
                          {"absolute/victim", "bad"},
                          {"circle", "-> circle"},
                          {"d", "directory"},
                          {"d/inside", "-> ../good"},
                          {"d/up", "-> .."},
                          {"good", "1"},
                          {"hard", "bad"},
                          {"hard4", "own"},
                          {"relative", "directory"},
                          {"relative/victim", "bad"},
                          {"second", "-> first"}}));
  expect_nothing_outside();
}

// A link that is not created because its name exists must not count when another link is checked.
TEST_F(UnpackTest, LinksThatLeaveThroughATakenNameAreSkipped) {
  const std::string deep = "f/g/h/i/j/k/l/m/n/o/p";
  const std::string out = "d/e/../../../../../../../../../../etc/passwd";
  const auto expect_inside = [&](const TarBuilder& tar, const std::string& what) {
    const auto report = unpack_all(tar);
    EXPECT_NE(report.skipped.text().find("link m (it "), std::string::npos) << what << ": " << report.skipped.text();
    EXPECT_FALSE(fs::exists(fs::symlink_status(target() / "m"))) << what;
    fs::remove_all(target());
  };
  expect_inside(TarBuilder().add('5', "./d/e").add('2', "./d/e", deep).add('2', "./m", out), "directory, then link");
  expect_inside(TarBuilder().add('2', "./d/e", deep).add('5', "./d/e").add('2', "./m", out), "link, then directory");
  expect_inside(TarBuilder().file("./d/e", "1").add('2', "./d/e", deep).add('2', "./m", out), "file, then link");
  expect_inside(TarBuilder().add('2', "./d/e", deep).file("./d/e", "1").add('2', "./m", out), "link, then file");
  expect_inside(TarBuilder().add('2', "./d/e", deep).add('2', "./d/e", "x").add('2', "./m", out), "deep link first");
  expect_inside(TarBuilder().add('2', "./d/e", "x").add('2', "./d/e", deep).add('2', "./m", out), "deep link last");
  // The name of the deep link is free, but its directory is a file or another link.
  expect_inside(TarBuilder().file("./d", "1").add('2', "./d/e", deep).add('2', "./m", out), "no directory");
  expect_inside(TarBuilder().add('2', "./d", "c").add('2', "./d/e", deep).add('2', "./m", out), "a link above");
}

TEST_F(UnpackTest, ChecksOfManyLinksAreLimitedInTotal) {
  std::string winding;
  for (int i = 0; i < 800; ++i) {
    winding += "a/../";
  }
  TarBuilder tar;
  tar.add('5', "a");
  for (int i = 0; i < 40; ++i) {
    tar.add('2', "chain" + std::to_string(i), winding + "chain" + std::to_string(i + 1));
  }
  for (int i = 0; i < 8'000; ++i) {
    tar.add('2', "l" + std::to_string(i), winding + "chain0");
  }
  tar.add('2', "plain", "chain0");
  const std::clock_t begin = std::clock();
  const auto report = unpack_all(tar);
  EXPECT_LT(std::clock() - begin, 60 * CLOCKS_PER_SEC) << "seconds of processor time";
  EXPECT_NE(report.skipped.text().find("(too many links)"), std::string::npos) << report.skipped.text();
  EXPECT_TRUE(fs::is_symlink(fs::symlink_status(target() / "plain")));
}

TEST_F(UnpackTest, AStopEndsTheCheckOfALink) {
  fs::create_directories(target() / "a");
  const base::Fd root(::open(target().c_str(), O_RDONLY | O_DIRECTORY));
  std::stop_source stop;
  LinkCheck check(root.get(), stop.get_token());
  EXPECT_EQ(check.why_not({"l"}, "a/../a"), "");
  stop.request_stop();
  EXPECT_THROW(check.why_not({"l"}, "a/../a"), Stopped);
}

TEST_F(UnpackTest, SpecialBitsAndSpecialFilesAreReported) {
  TarBuilder tar;
  tar.file("./suid", "1", 06755).file("./sticky", "1", 01644).file("./plain", "1", 0644).add('5', "./tmp", "", 01777);
  tar.add('4', "./blk").add('3', "./chr").add('6', "./fifo").file("./again", "1", 04755).add('1', "./link", "./again");
  const auto report = unpack_all(tar);
  EXPECT_EQ(report.skipped.text(), "device ./blk, device ./chr, FIFO ./fifo");
  EXPECT_EQ(report.stripped.text(), "./suid, ./sticky, ./again");
  for (const auto* name : {"suid", "sticky", "plain", "tmp", "again", "link"}) {
    EXPECT_EQ(mode_of(name) & 07000U, 0U) << name;
    struct stat info {};
    ASSERT_EQ(::lstat((target() / name).c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, ::getuid());
  }
  EXPECT_FALSE(fs::exists(fs::symlink_status(target() / "blk")));
  EXPECT_FALSE(fs::exists(fs::symlink_status(target() / "fifo")));
}

TEST_F(UnpackTest, PermissionsFollowTheUmaskAndTheOwnerCanReadAndDeleteAll) {
  const mode_t before = ::umask(027);
  TarBuilder tar;
  tar.add('5', "./", "", 0)
      .add('5', "none", "", 0)
      .file("none/f", "1", 0)
      .file("all", "1", 0777)
      .add('5', "open", "", 0777);
  unpack_all(tar);
  ::umask(before);
  EXPECT_EQ(mode_of("none"), 0700U);
  EXPECT_EQ(mode_of("none/f"), 0600U);
  EXPECT_EQ(mode_of("all"), 0750U);
  EXPECT_EQ(mode_of("open"), 0750U);
  EXPECT_EQ(tree().size(), 4U);
}

TEST_F(UnpackTest, NamesAreShownInPrintableForm) {
  const auto report = unpack_all(TarBuilder()
                                     .add('6', "./\x1b[2J\x1b]0;pwn\x07")
                                     .add('6',
                                          "./a\xff"
                                          "b"));
  EXPECT_EQ(report.skipped.text().find('\x1b'), std::string::npos);
  EXPECT_NE(report.skipped.text().find("\\x1b[2J"), std::string::npos);
}

TEST_F(UnpackTest, ARepeatedEntryDoesNotChangeAHardLink) {
  const auto report = unpack_all(TarBuilder().file("a", "first").add('1', "b", "a").file("a", "second").add('5', "a"));
  EXPECT_EQ(tree(), (Tree{{"a", "second"}, {"b", "first"}}));
  EXPECT_EQ(report.skipped.text(), "directory a (Not a directory)");
}

TEST_F(UnpackTest, SparseFilesCountWithTheirSize) {
  // The output of GNU tar -S for a file of 3 GiB that is one hole.
  const std::string name = (m_dir / "sparse").string();
  const base::Fd sparse(::open(name.c_str(), O_CREAT | O_WRONLY, 0644));
  ASSERT_EQ(::ftruncate(sparse.get(), off_t{3} << 30), 0);
  const auto file = m_dir / "place/a.tar.gz";
  ASSERT_EQ(std::system(("tar -C " + m_dir.path().string() + " -Sczf " + file.string() + " sparse").c_str()), 0);
  const auto found = survey(file, {});
  EXPECT_GE(found.bytes, std::uint64_t{3} << 30U);
  EXPECT_NE(why_too_large(found, std::nullopt), "");
  EXPECT_EQ(why_too_large(found, std::uint64_t{4} << 30U), "");
  const auto report = unpack(file, found, target(), {});
  EXPECT_EQ(fs::file_size(target() / "sparse"), std::uintmax_t{3} << 30U);
}

TEST(BoundsTest, RatioAndMaxSize) {
  constexpr std::uint64_t k_gib = std::uint64_t{1} << 30U;
  EXPECT_EQ(most_unpacked_bytes(1'000, std::nullopt), k_gib);
  EXPECT_EQ(most_unpacked_bytes(k_gib, std::nullopt), 100 * k_gib);
  EXPECT_EQ(most_unpacked_bytes(~std::uint64_t{0}, std::nullopt), ~std::uint64_t{0} >> 1U);
  EXPECT_EQ(most_unpacked_bytes(k_gib, 5), 5U);
  const Survey bomb{.entries = 1, .bytes = 3 * k_gib, .packed_bytes = 3'000'000};
  EXPECT_NE(why_too_large(bomb, std::nullopt).find("use --max-size SIZE (here at least 3g)"), std::string::npos)
      << why_too_large(bomb, std::nullopt);
  EXPECT_EQ(why_too_large(bomb, 4 * k_gib), "");
  EXPECT_NE(why_too_large(bomb, 2 * k_gib).find("more than the 2.0 GiB of --max-size"), std::string::npos)
      << why_too_large(bomb, 2 * k_gib);
  const Survey huge{.entries = 1, .bytes = ~std::uint64_t{0} >> 1U, .packed_bytes = 1};
  EXPECT_NE(why_too_large(huge, ~std::uint64_t{0}, "/tmp").find("no space left on this machine"), std::string::npos);
  const Survey many{.entries = ~std::uint64_t{0} >> 1U, .bytes = 1, .packed_bytes = 1};
  EXPECT_NE(why_too_large(many, std::nullopt, "/tmp"), "");
}

TEST_F(UnpackTest, ManySmallFilesCountAsBlocks) {
  TarBuilder tar;
  for (int i = 0; i < 1'000; ++i) {
    tar.file("f" + std::to_string(i), "");
  }
  const auto found = survey(tar.write(m_dir / "a.tar.gz"), {});
  EXPECT_EQ(found.entries, 1'000U);
  EXPECT_EQ(found.bytes, 4'096'000U);
}

TEST_F(UnpackTest, WritesNoMoreThanWasCounted) {
  const auto file = TarBuilder().file("a", std::string(20'000'000, 'x')).write(m_dir / "a.tar.gz");
  auto found = survey(file, {});
  found.bytes = 1'000'000;
  try {
    unpack(file, found, target(), {});
    FAIL() << "it was unpacked";
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()), "it holds more than its headers say");
  }
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(UnpackTest, ADamagedArchiveLeavesNothing) {
  auto bytes =
      support::gzip(TarBuilder().file("a", "1").add('5', "d", "", 0).file("d/b", std::string(1'000'000, 'x')).bytes());
  const auto good = TarBuilder::write(m_dir / "a.tar.gz", bytes);
  const auto found = survey(good, {});
  bytes[bytes.size() - 5] ^= 1;
  TarBuilder::write(m_dir / "a.tar.gz", bytes);
  EXPECT_THROW(unpack(m_dir / "a.tar.gz", found, target(), {}), base::Error);
  EXPECT_FALSE(fs::exists(target()));
  expect_nothing_outside();
}

TEST_F(UnpackTest, AStopEndsItWithinASecondAndLeavesNothing) {
  TarBuilder tar;
  for (int i = 0; i < 20; ++i) {
    tar.file("f" + std::to_string(i), std::string(std::size_t{8} << 20U, '\0'));
  }
  const auto file = tar.write(m_dir / "a.tar.gz");
  const Survey found{.entries = 20, .bytes = std::uint64_t{4} << 30U, .packed_bytes = 1};
  std::stop_source stop;
  std::chrono::steady_clock::time_point asked;
  std::jthread user([&] {
    while (!fs::exists(target() / "f1")) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    asked = std::chrono::steady_clock::now();
    stop.request_stop();
  });
  EXPECT_THROW(unpack(file, found, target(), stop.get_token()), base::Error);
  const auto ended = std::chrono::steady_clock::now();
  user.join();
  EXPECT_LT(ended - asked, std::chrono::seconds(1));
  EXPECT_FALSE(fs::exists(target()));
}

TEST_F(UnpackTest, DirectoriesWithoutEntriesAreLimited) {
  TarBuilder tar;
  for (int i = 0; i < 20; ++i) {
    std::string name = std::to_string(i) + "/";
    for (int depth = 0; depth < 200; ++depth) {
      name += "d/";
    }
    tar.file(name + "f", "");
  }
  EXPECT_THROW(unpack_all(tar), base::Error);
  EXPECT_FALSE(fs::exists(target()));
}

}  // namespace
}  // namespace torc::archive
