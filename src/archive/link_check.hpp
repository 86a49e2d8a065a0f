#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace torc::archive {

/// The parts of an entry's name: no "." and no empty ones. Nothing if the name is absolute or holds "..", or if it has
/// too many parts.
std::optional<std::vector<std::string>> parts_of_name(std::string_view name);

/// The symbolic links of an archive, which are made after everything else. Bounded in memory.
class LinkList {
 public:
  /// The last target that a path is given counts.
  /// @returns false if the target is not valid or the list is full
  bool add(const std::vector<std::string>& parts, std::string_view target);

  /// All links: path ("a/b/link") and target.
  const std::map<std::string, std::string, std::less<>>& links() const { return m_links; }

 private:
  std::map<std::string, std::string, std::less<>> m_links;
  std::size_t m_bytes{0};
};

/// Decides which links stay inside a directory, from what is on disk there.
///
/// A target may begin with as many ".." as lead to the top of the directory at most, and a later ".." may only follow
/// names that are directories on disk, not links. Such a target is resolved to its last ".." without following a link,
/// so it is inside up to there; only names follow, and each of them is a directory, a file, or another such link. So no
/// chain of these links leads out, whichever of the other links are made and whatever their order: what is a directory
/// now cannot become a link, as links are never made in the place of something.
///
/// Looking at the disk is bounded over all links: 200,000 directories are opened at most.
class LinkCheck {
 public:
  /// @param root  The directory, open as long as this object lives. The paths of links are relative to it.
  LinkCheck(int root, std::stop_token stop) : m_root(root), m_stop(std::move(stop)) {}

  /// Why the link at `path` (without ".." in it) must not be made; "" if it stays inside.
  /// @throws Stopped
  std::string_view why_not(const std::vector<std::string>& path, std::string_view target);

 private:
  bool is_directory(const std::vector<std::string>& path);

  int m_root;
  std::stop_token m_stop;
  int m_opened{0};
};

}  // namespace torc::archive
