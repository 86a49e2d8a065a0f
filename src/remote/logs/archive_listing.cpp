#include "remote/logs/archive_listing.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

/// Limits for hostile archives, which may unpack to a thousand times their size or repeat a name many times.
constexpr std::chrono::hours k_longest{1};
constexpr std::size_t k_max_sizes = 64;

/// Sizes of an archive's entries of one name; std::nullopt for a hard link, which has no size in the archive.
using Sizes = std::vector<std::optional<std::uint64_t>>;

/// Ends a survey that has exceeded its limit.
class BoundReached {};

/// A name as the worker's report shows it: up to the first line break.
std::string_view reported_name(std::string_view name) {
  name = name.substr(0, name.find('\n'));
  name.remove_suffix(name.ends_with('\r') ? 1 : 0);
  return name;
}

/// Describes what is wrong with a file; "" if nothing is.
std::string compare(const PackedFile& file, const Sizes& sizes) {
  if (sizes.empty()) {
    return fmt::format("the archive lacks {}", base::printable_line(file.name));
  }
  const bool is_there =
      std::any_of(sizes.begin(), sizes.end(), [&](const auto& size) { return !size || *size == file.size; });
  return is_there ? ""
                  : fmt::format("the archive has {} bytes of {}, not {}", *sizes.front(),
                                base::printable_line(file.name), file.size);
}

}  // namespace

std::optional<PackedFile> PackedFile::parse(const std::string& text) {
  const auto blank = text.find(' ');
  const auto size = base::parse_int(text.substr(0, blank));
  if (blank == std::string::npos || !size) {
    return std::nullopt;
  }
  return PackedFile{.name = text.substr(blank + 1), .size = static_cast<std::uint64_t>(*size)};
}

CheckedArchive check_archive(const std::filesystem::path& archive, const std::vector<PackedFile>& files,
                             const std::stop_token& stop,
                             const std::function<bool(const archive::Survey& so_far)>& is_too_large) {
  // Keeps only the expected names, since the archive may contain any number of others.
  std::unordered_map<std::string_view, Sizes> found;
  for (const auto& file : files) {
    found.try_emplace(reported_name(file.name));
  }
  const auto until = std::chrono::steady_clock::now() + k_longest;
  CheckedArchive result;
  const auto note = [&](const archive::Entry& entry, const archive::Survey& so_far) {
    if (is_too_large && is_too_large(so_far)) {
      result.survey = so_far;
      throw BoundReached();
    }
    if (std::chrono::steady_clock::now() > until) {
      throw base::Error("reading it takes more than an hour");
    }
    const auto it = found.find(reported_name(entry.name));
    if (it != found.end() && it->second.size() < k_max_sizes) {
      const bool is_link = entry.kind == archive::Kind::hard_link;
      it->second.push_back(is_link ? std::nullopt : std::optional(entry.size));
    }
  };
  try {
    result.survey = archive::survey(archive, stop, note);
  } catch (const BoundReached&) {
    return result;
  } catch (const archive::Stopped&) {
    throw;
  } catch (base::Error& error) {
    error.add_context("the archive cannot be read");
    throw;
  }
  for (const auto& file : files) {
    result.problem = compare(file, found[reported_name(file.name)]);
    if (!result.problem.empty()) {
      break;
    }
  }
  return result;
}

}  // namespace torc::remote
