#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace torc::archive {

/// The parts of an entry's name: no "." and no empty ones. Nothing if the name is absolute or holds "..", or if it has
/// too many parts.
std::optional<std::vector<std::string>> parts_of_name(std::string_view name);

/// The symbolic links of an archive, and where they lead. Bounded in memory.
class LinkTree {
 public:
  /// @returns whether there was room for it
  bool add(const std::vector<std::string>& parts, std::string_view target);

  /// All links: path ("a/b/link") and target.
  const std::map<std::string, std::string, std::less<>>& links() const { return m_links; }

  /// Whether a link stays inside, if it is followed with all the other links in place. What is no link is taken for a
  /// directory, so nothing that is created later makes a difference.
  bool stays_inside(std::string_view path) const;

 private:
  std::map<std::string, std::string, std::less<>> m_links;
  std::size_t m_bytes{0};
};

}  // namespace torc::archive
