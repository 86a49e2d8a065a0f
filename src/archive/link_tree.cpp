#include "archive/link_tree.hpp"

#include <algorithm>
#include <climits>

#include "torc/base/beneath.hpp"
#include "torc/base/strings.hpp"

namespace torc::archive {
namespace {

constexpr std::size_t k_most_bytes = std::size_t{64} << 20U;
constexpr std::size_t k_bytes_of_a_node = 128;
constexpr int k_most_links = 40;

/// Puts the parts of a path, the last one first, behind those that are left.
void push_reversed(std::vector<std::string>& left, std::string_view path) {
  auto parts = base::split(path, '/');
  std::reverse(parts.begin(), parts.end());
  for (auto& part : parts) {
    if (!part.empty() && part != ".") {
      left.push_back(std::move(part));
    }
  }
}

}  // namespace

std::optional<std::vector<std::string>> parts_of_name(std::string_view name) {
  if (name.starts_with('/') || name.size() >= PATH_MAX) {
    return std::nullopt;
  }
  std::vector<std::string> parts;
  for (auto& part : base::split(name, '/')) {
    if (part == ".." || parts.size() > base::k_most_depth) {
      return std::nullopt;
    }
    if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

bool LinkTree::add(const std::vector<std::string>& parts, std::string_view target) {
  std::string path = base::join(parts, "/");
  m_bytes += path.size() + target.size() + k_bytes_of_a_node;
  if (m_bytes > k_most_bytes || target.empty() || target.size() >= PATH_MAX) {
    return false;
  }
  m_links.insert_or_assign(std::move(path), std::string(target));
  return true;
}

bool LinkTree::stays_inside(std::string_view path) const {
  std::vector<std::string> left;
  push_reversed(left, path);
  std::vector<std::size_t> ends;  // Lengths of `here` after each part.
  std::string here;
  int followed = 0;
  while (!left.empty()) {
    const std::string part = std::move(left.back());
    left.pop_back();
    if (part == "..") {
      if (ends.empty()) {
        return false;
      }
      ends.pop_back();
      here.resize(ends.empty() ? 0 : ends.back());
      continue;
    }
    const std::size_t before = here.size();
    here += (here.empty() ? "" : "/") + part;
    const auto link = m_links.find(here);
    if (link == m_links.end()) {
      ends.push_back(here.size());
      continue;
    }
    if (link->second.starts_with('/') || ++followed > k_most_links) {
      return false;
    }
    here.resize(before);
    push_reversed(left, link->second);
  }
  return true;
}

}  // namespace torc::archive
