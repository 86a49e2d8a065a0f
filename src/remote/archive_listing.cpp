#include "remote/archive_listing.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <unordered_map>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/command.hpp"
#include "torc/remote/transport.hpp"

namespace torc::remote {
namespace {

/// Of the files of an archive, by name; nothing for a further name of a file, which has no size of its own there.
using Sizes = std::unordered_map<std::string, std::optional<std::uint64_t>>;

/// A line of `tar -tv --numeric-owner`: "-rw-r--r-- 0/0  6 2026-11-27 03:40 ./job_stdio/job_1.o".
void add_line(Sizes& sizes, std::string_view line) {
  constexpr int k_fields_before_name = 5;
  std::string size;
  std::size_t at = 0;
  for (int field = 0; field < k_fields_before_name; ++field) {
    const auto end = line.find(' ', at);
    if (end == std::string_view::npos) {
      return;
    }
    if (field == 2) {
      size = line.substr(at, end - at);
    }
    // Columns are filled up with blanks; the name, after one blank, may begin with one.
    at = field + 1 == k_fields_before_name ? end + 1 : line.find_first_not_of(' ', end);
    if (at == std::string_view::npos) {
      return;
    }
  }
  std::string name(line.substr(at));
  if (line.front() == 'h') {
    constexpr std::string_view k_link = " link to ";
    name.resize(std::min(name.size(), name.find(k_link)));
    sizes.emplace(std::move(name), std::nullopt);
  } else if (const auto number = base::parse_int(size)) {
    sizes.emplace(std::move(name), static_cast<std::uint64_t>(*number));
  }
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

std::string find_missing(const std::string& archive, const std::vector<PackedFile>& files) {
  proc::Command list;
  list.argv = {"env", "LC_ALL=C", "tar", "--numeric-owner", "--quoting-style=literal", "-tvzf", archive};
  list.output_limit = 1UL << 30U;      // Millions of files,
  list.limit = std::chrono::hours(1);  // which may take their time.
  const auto listed = proc::run_command(list);
  if (!listed.ok()) {
    throw base::Error("the archive cannot be read: " + failure_reason(listed));
  }
  Sizes sizes;
  for (const auto& line : base::split_lines(listed.out)) {
    if (!line.empty()) {
      add_line(sizes, line);
    }
  }
  for (const auto& file : files) {
    const auto found = sizes.find(file.name);
    if (found == sizes.end()) {
      return fmt::format("the archive lacks {}", base::printable(file.name));
    }
    if (found->second && *found->second != file.size) {
      return fmt::format("the archive has {} bytes of {}, not {}", *found->second, base::printable(file.name),
                         file.size);
    }
  }
  return "";
}

}  // namespace torc::remote
