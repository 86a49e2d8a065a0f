#include "runner/jobs/own_cgroup.hpp"

#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "made_up_tree.hpp"
#include "runner/jobs/capacity.hpp"

namespace torc::runner {
namespace {

using testing::MadeUpTree;
using testing::TempDir;

class OwnCgroupInMadeUpTree : public ::testing::Test {
 protected:
  const TempDir m_temporary;
  const MadeUpTree tree{m_temporary.path() / "tree"};

  void own_is(const std::string& text) const { MadeUpTree::write(tree.places().own, text); }
  void mounts_are(const std::string& text) const { MadeUpTree::write(tree.places().mounts, text); }
  std::string mount_line(const std::string& root, const std::string& point) const {
    return "41 31 0:38 " + root + " " + point + " rw,relatime - cgroup2 cgroup2 rw\n";
  }
  std::string found() const {
    const auto own = find_own_cgroup(tree.places());
    return own ? own->directory.string() : "";
  }
};

TEST_F(OwnCgroupInMadeUpTree, IsBelowTheMountPoint) {
  const auto own = find_own_cgroup(tree.places());
  ASSERT_TRUE(own);
  EXPECT_EQ(own->directory, tree.own());
  EXPECT_EQ(own->mount, tree.mount());
  EXPECT_EQ(cgroup_directories(tree.places()),
            (std::vector<std::filesystem::path>{tree.own(), tree.mount() / "user", tree.mount()}));
}

TEST_F(OwnCgroupInMadeUpTree, IsTheMountPointItselfInANamespaceOfItsOwn) {
  own_is("0::/\n");
  EXPECT_EQ(found(), tree.mount());
  EXPECT_EQ(cgroup_directories(tree.places()), (std::vector<std::filesystem::path>{tree.mount()}));
}

TEST_F(OwnCgroupInMadeUpTree, IsFoundIfOnlyAPartOfTheTreeIsMounted) {
  mounts_are(mount_line("/docker/abc", tree.mount()));
  own_is("0::/docker/abc/user/own\n");
  EXPECT_EQ(found(), tree.own());
  own_is("0::/docker/abc\n");
  EXPECT_EQ(found(), tree.mount());
  own_is("0::/docker/other\n");
  EXPECT_EQ(found(), "") << "another part of the tree is mounted";
}

TEST_F(OwnCgroupInMadeUpTree, IsFoundBelowAMountPointWithASpaceInIt) {
  std::filesystem::create_directories(m_temporary.path() / "a b");
  own_is("0::/\n");
  mounts_are(mount_line("/", m_temporary.file("a\\040b")));
  EXPECT_EQ(found(), m_temporary.file("a b"));
}

TEST_F(OwnCgroupInMadeUpTree, HasNoValueWithoutCgroups) {
  const std::string good_own = base::read_file(tree.places().own);
  for (const auto* const text : {"", "4:memory:/user/own\n", "0::/../other\n", "0::/gone (deleted)\n", "0::\n"}) {
    own_is(text);
    EXPECT_EQ(found(), "") << text;
  }
  own_is(good_own);
  for (const auto& text : {std::string(), std::string("one\n\n1 2 3 4 5 6 7\n"),
                           std::string("41 31 0:38 / /sys/fs/cgroup rw - cgroup cgroup rw,cpu\n"),
                           mount_line("/..", tree.mount()), mount_line("/", "/no/such/directory")}) {
    mounts_are(text);
    EXPECT_EQ(found(), "") << text;
  }
  EXPECT_FALSE(find_own_cgroup({.own = "/no/such/file", .mounts = "/no/such/file"}));
  EXPECT_TRUE(cgroup_directories({.own = "/no/such/file", .mounts = "/no/such/file"}).empty());
}

TEST_F(OwnCgroupInMadeUpTree, LimitsTheCapacity) {
  const Resources all = detect_capacity({.own = "/no/such/file", .mounts = "/no/such/file"});
  EXPECT_EQ(detect_capacity(tree.places()), all) << "no limits";
  MadeUpTree::write(tree.own() / "cpu.max", "max 100000\n");
  MadeUpTree::write(tree.own() / "memory.max", "max\n");
  EXPECT_EQ(detect_capacity(tree.places()), all);
  MadeUpTree::write(tree.own() / "cpu.max", "50000 100000\n");
  MadeUpTree::write(tree.mount() / "user/memory.max", "67108864\n");
  const Resources bounded{.cpus = 1, .memory_gb = 0.0625, .gpus = 0};
  EXPECT_EQ(detect_capacity(tree.places()), bounded) << "half a CPU counts as one; limits of outer groups apply";
  RunnerOptions options;
  options.cgroups = tree.places();
  EXPECT_EQ(capacity_from(options, 0), bounded);
}

TEST(OwnCgroup, IsThatOfTheKernel) {
  const auto own = find_own_cgroup({});
  if (!own) {
    GTEST_SKIP() << "this machine has no cgroup v2";
  }
  const auto pids = base::split_lines(base::read_file(own->directory / "cgroup.procs"));
  EXPECT_NE(std::find(pids.begin(), pids.end(), std::to_string(::getpid())), pids.end()) << own->directory;
}

}  // namespace
}  // namespace torc::runner
