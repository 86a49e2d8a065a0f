#include "runner/jobs/own_cgroup.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"

namespace torc::runner {
namespace {

namespace fs = std::filesystem;

struct Mount {
  fs::path root;  ///< The mounted part of the tree; "/" is all that the namespace of this process shows.
  fs::path point;
};

std::vector<std::string> lines_of(const fs::path& file) {
  try {
    return base::split_lines(base::read_file(file));
  } catch (const base::SystemError&) {
    return {};
  }
}

bool is_octal(char digit) {
  return digit >= '0' && digit <= '7';
}

/// /proc/PID/mountinfo has octal escapes such as "\040" for white space and backslashes.
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// Lines are "ID PARENT DEVICE ROOT POINT OPTIONS [TAG...] - TYPE SOURCE OPTIONS", see proc(5).
std::vector<Mount> cgroup2_mounts(const fs::path& file) {
  constexpr std::size_t k_root = 3;
  constexpr std::size_t k_point = 4;
  constexpr std::size_t k_first_tag = 6;
  std::vector<Mount> mounts;
  for (const auto& line : lines_of(file)) {
    const auto words = base::split(line, ' ');
    if (words.size() <= k_first_tag) {
      continue;
    }
    const auto dash = std::find(words.begin() + k_first_tag, words.end(), "-");
    if (words.end() - dash > 1 && *(dash + 1) == "cgroup2") {
      mounts.push_back({.root = unescape(words[k_root]), .point = unescape(words[k_point])});
    }
  }
  return mounts;
}

/// Paths outside of the cgroup namespace of this process begin with "..".
bool leads_out(const fs::path& path) {
  return std::find(path.begin(), path.end(), "..") != path.end();
}

}  // namespace

std::optional<OwnCgroup> find_own_cgroup(const CgroupPlaces& places) {
  const auto lines = lines_of(places.own);
  const auto line = std::find_if(lines.begin(), lines.end(), [](const auto& text) { return text.starts_with("0::/"); });
  if (line == lines.end()) {
    return std::nullopt;
  }
  const fs::path group = line->substr(3);
  for (auto& mount : cgroup2_mounts(places.mounts)) {
    const fs::path inside = group.lexically_relative(mount.root);
    if (inside.empty() || leads_out(inside) || leads_out(group)) {
      continue;
    }
    fs::path directory = inside == "." ? mount.point : mount.point / inside;
    std::error_code error;
    if (fs::is_directory(directory, error)) {
      return OwnCgroup{.directory = std::move(directory), .mount = std::move(mount.point)};
    }
  }
  return std::nullopt;
}

std::vector<fs::path> cgroup_directories(const CgroupPlaces& places) {
  std::vector<fs::path> directories;
  if (const auto own = find_own_cgroup(places)) {
    directories.push_back(own->directory);
    while (directories.back() != own->mount && directories.back().has_relative_path()) {
      directories.push_back(directories.back().parent_path());
    }
  }
  return directories;
}

}  // namespace torc::runner
