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

/// Splits an entry's name into components, without "." and empty ones. No value if the name is absolute, contains "..",
/// or has too many components.
std::optional<std::vector<std::string>> parts_of_name(std::string_view name);

/// The symbolic links of an archive, which are created after everything else. Limited in memory.
class LinkList {
 public:
  /// Adds a link; a later target of the same path replaces an earlier one.
  /// @returns false if the target is invalid or the list is full
  bool add(const std::vector<std::string>& parts, std::string_view target);

  /// All links: path ("a/b/link") and target.
  const std::map<std::string, std::string, std::less<>>& links() const { return m_links; }

 private:
  std::map<std::string, std::string, std::less<>> m_links;
  std::size_t m_bytes{0};
};

/// Decides which links stay inside a directory, using the directory's content on disk.
///
/// A target may begin with as many ".." as lead to the top of the directory, and a later ".." may only follow names
/// that are directories on disk, not links. Such a target can be resolved up to its last ".." without following a link,
/// so it is inside up to there. After that, there are only names, each a directory, a file, or another such link. So no
/// chain of these links leads out, whichever of them are created and in whatever order. An existing directory cannot
/// become a link, because links never replace anything.
///
/// The disk accesses for all links together are limited: at most 200,000 directories are opened.
class LinkCheck {
 public:
  /// @param root  Descriptor of the directory, open during the lifetime of this object. Paths of links are relative to
  /// it.
  LinkCheck(int root, std::stop_token stop) : m_root(root), m_stop(std::move(stop)) {}

  /// Why the link at `path` (which has no "..") must not be created; "" if it stays inside.
  /// @throws Stopped
  std::string_view why_not(const std::vector<std::string>& path, std::string_view target);

 private:
  bool is_directory(const std::vector<std::string>& path);

  int m_root;
  std::stop_token m_stop;
  int m_opened{0};
};

}  // namespace torc::archive
