#include "torc/base/beneath.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "support/temp_dir.hpp"
#include "torc/base/short_list.hpp"

namespace torc::base {
namespace {

namespace fs = std::filesystem;

class OpenBeneath : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(m_dir / "in/sub");
    std::ofstream(m_dir / "secret") << "secret";
    std::ofstream(m_dir / "in/sub/file") << "content";
    m_root = open_directory(m_dir / "in");
  }

  void link(const std::string& target, const std::string& path) { fs::create_symlink(target, m_dir / ("in/" + path)); }

  /// The content, or the reason why there is none.
  std::string open(const std::string& path) {
    const auto opened = open_beneath(m_root.get(), path);
    if (opened.file) {
      return read_all(opened.file.get());
    }
    return opened.is_absent ? "absent" : opened.refusal;
  }

  support::TempDir m_dir;
  Fd m_root;
};

TEST_F(OpenBeneath, ReadsFilesAndLinksThatStayInside) {
  link("sub/file", "link");
  link("../link", "sub/up");
  link("sub", "directory");
  for (const auto* path : {"sub/file", "./sub//file", "link", "sub/up", "directory/file", "sub/../link"}) {
    EXPECT_EQ(open(path), "content") << path;
  }
}

TEST_F(OpenBeneath, ReportsAbsentFiles) {
  link("nowhere", "dangling");
  for (const auto* path : {"none", "none/none", "sub/file/none", "dangling"}) {
    EXPECT_EQ(open(path), "absent") << path;
  }
}

TEST_F(OpenBeneath, RefusesPathsThatLeaveTheDirectory) {
  link("../secret", "relative");
  link((m_dir / "secret").string(), "absolute");
  link((m_dir / "in/sub/file").string(), "absolute_inside");
  link("..", "parent");
  link("sub/../../secret", "winding");
  link("relative", "second");
  for (const auto* path : {"relative", "absolute", "absolute_inside", "parent/secret", "winding", "second", "../secret",
                           "/etc/passwd", "sub/../../secret"}) {
    EXPECT_EQ(open(path), "it is a link that leaves the directory") << path;
  }
  link("circle", "circle");
  EXPECT_EQ(open("circle"), "it has too many levels of links");
}

TEST_F(OpenBeneath, RefusesSpecialFilesWithoutBlocking) {
  ASSERT_EQ(::mkfifo((m_dir / "in/fifo").c_str(), 0666), 0);
  const Fd socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  (m_dir / "in/socket").string().copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  link("fifo", "link_to_fifo");
  EXPECT_EQ(open("fifo"), "it is a FIFO");
  EXPECT_EQ(open("link_to_fifo"), "it is a FIFO");
  EXPECT_EQ(open("socket"), "it is a socket");
  EXPECT_EQ(open("sub"), "it is a directory");
  const Fd devices = open_directory("/dev");
  EXPECT_EQ(open_beneath(devices.get(), "null").refusal, "it is a device");
}

TEST_F(OpenBeneath, WalksWithoutFollowingLinks) {
  link("..", "parent");
  ASSERT_EQ(::mkfifo((m_dir / "in/fifo").c_str(), 0666), 0);
  std::map<std::string, std::string> found;
  std::string unreadable;
  walk_beneath(
      m_root.get(), [&](const FoundFile& file) { found[file.path] = file_type_name(file.mode); },
      [&](const std::string& path, const std::string& why) { unreadable += path + why; });
  EXPECT_EQ(found, (std::map<std::string, std::string>{{"fifo", "FIFO"}, {"parent", "link"}, {"sub/file", "file"}}));
  EXPECT_EQ(unreadable, "");
}

TEST_F(OpenBeneath, ReportsTooDeepDirectories) {
  Fd here = open_directory(m_dir / "in");
  for (int i = 0; i < 400; ++i) {
    ASSERT_EQ(::mkdirat(here.get(), "d", 0777), 0);
    here.reset(::openat(here.get(), "d", O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(here);
  }
  int found = 0;
  std::string unreadable;
  walk_beneath(
      m_root.get(), [&](const FoundFile&) { ++found; },
      [&](const std::string&, const std::string& why) { unreadable += why; });
  EXPECT_EQ(found, 1);
  EXPECT_EQ(unreadable, "it is nested too deeply");
  std::string path;
  for (int i = 0; i < 400; ++i) {
    path += "d/";
  }
  EXPECT_EQ(open(path), "it is nested too deeply");
}

TEST(ShortListTest, KeepsTheFirstAndCountsTheRest) {
  ShortList list;
  EXPECT_EQ(list.text(), "");
  list.add("a\x1b[2J\n");
  list.add(std::string(1'000'000, 'x'));
  EXPECT_EQ(list.text(), "a\\x1b[2J\\n, " + std::string(300, 'x') + "...");
  for (int i = 0; i < 100; ++i) {
    list.add("more");
  }
  EXPECT_EQ(list.count(), 102U);
  EXPECT_EQ(list.texts().size(), 10U);
  EXPECT_TRUE(list.text().ends_with("more and 92 more"));
}

}  // namespace
}  // namespace torc::base
