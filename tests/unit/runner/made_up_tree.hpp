#pragma once

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "runner_support.hpp"
#include "torc/runner/runner.hpp"

namespace torc::runner::testing {

/// A fake cgroup v2 tree of plain directories and files, for machines whose cgroups cannot be used. It does not imitate
/// the kernel: new groups get no files, processes do not move from one file to another, and limits are not enforced.
class MadeUpTree {
 public:
  /// @param directory  Is created.
  explicit MadeUpTree(const std::filesystem::path& directory) : m_directory(directory) {
    std::filesystem::create_directories(own());
    write(m_directory / "cgroup", "4:memory:/elsewhere\n0::/user/own\n");
    write(m_directory / "mountinfo", "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n" +
                                         ("41 31 0:38 / " + mount().string()) + " rw shared:9 - cgroup2 cgroup2 rw\n");
    write(own() / "cgroup.controllers", "cpuset cpu io memory pids\n");
    write(own() / "cgroup.subtree_control", "");
    write(own() / "cgroup.procs", std::to_string(::getpid()) + "\n");
  }

  CgroupPlaces places() const { return {.own = m_directory / "cgroup", .mounts = m_directory / "mountinfo"}; }
  std::filesystem::path mount() const { return m_directory / "unified"; }
  /// The group of this process.
  std::filesystem::path own() const { return mount() / "user/own"; }
  /// The directories created in the group.
  std::vector<std::filesystem::path> groups() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::directory_iterator(own())) {
      if (entry.is_directory()) {
        found.push_back(entry.path());
      }
    }
    return found;
  }

  static void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }
  /// The content of the file, or "absent" if it does not exist.
  static std::string read(const std::filesystem::path& file) {
    return std::filesystem::exists(file) ? base::read_file(file) : "absent";
  }

 private:
  std::filesystem::path m_directory;
};

}  // namespace torc::runner::testing
