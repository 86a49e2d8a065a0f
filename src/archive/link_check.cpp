#include "archive/link_check.hpp"

#include <fcntl.h>

#include <algorithm>
#include <climits>

#include "torc/archive/reader.hpp"
#include "torc/base/beneath.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/strings.hpp"

namespace torc::archive {
namespace {

constexpr std::size_t k_max_bytes = std::size_t{64} << 20U;
constexpr std::size_t k_bytes_of_a_node = 128;
constexpr int k_max_opened = 200'000;

}  // namespace

std::optional<std::vector<std::string>> parts_of_name(std::string_view name) {
  if (name.starts_with('/') || name.size() >= PATH_MAX) {
    return std::nullopt;
  }
  std::vector<std::string> parts;
  for (auto& part : base::split(name, '/')) {
    if (part == ".." || parts.size() > base::k_max_depth) {
      return std::nullopt;
    }
    if (!part.empty() && part != ".") {
      parts.push_back(std::move(part));
    }
  }
  return parts;
}

bool LinkList::add(const std::vector<std::string>& parts, std::string_view target) {
  std::string path = base::join(parts, "/");
  m_bytes += path.size() + target.size() + k_bytes_of_a_node;
  if (m_bytes > k_max_bytes || target.empty() || target.size() >= PATH_MAX) {
    return false;
  }
  m_links.insert_or_assign(std::move(path), std::string(target));
  return true;
}

bool LinkCheck::is_directory(const std::vector<std::string>& path) {
  base::Fd here;
  for (const auto& part : path) {
    if (m_stop.stop_requested()) {
      throw Stopped();
    }
    if (++m_opened > k_max_opened) {
      return false;
    }
    here.reset(::openat(here ? here.get() : m_root, part.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!here) {
      return false;
    }
  }
  return true;
}

std::string_view LinkCheck::why_not(const std::vector<std::string>& path, std::string_view target) {
  constexpr std::string_view k_leaves = "it leaves the directory";
  if (path.empty() || target.starts_with('/')) {
    return k_leaves;
  }
  std::vector<std::string> here(path.begin(), path.end() - 1);
  // Leading components from the link's own path, which are directories, or else the link cannot be created.
  std::size_t own = here.size();
  for (auto& part : base::split(target, '/')) {
    if (part.empty() || part == ".") {
      continue;
    }
    if (part != "..") {
      here.push_back(std::move(part));
      continue;
    }
    if (here.empty()) {
      return k_leaves;
    }
    if (here.size() > own && !is_directory(here)) {
      return m_opened > k_max_opened ? "too many links" : "it may leave the directory";
    }
    here.pop_back();
    own = std::min(own, here.size());
  }
  return "";
}

}  // namespace torc::archive
