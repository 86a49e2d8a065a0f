#include "remote/logs/packing_report.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::remote {
namespace {

/// The characters that the script accepts in TMPDIR, and those with which mktemp(1) fills its template.
bool is_plain(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == '-';
}

bool is_temporary_directory(const std::string& path) {
  constexpr std::string_view k_name = "torc_logs_";
  const std::string_view last = std::string_view(path).substr(path.rfind('/') + 1);
  return std::all_of(path.begin(), path.end(), is_plain) && last.starts_with(k_name) && last.size() > k_name.size();
}

/// Whether a name is below the packed directory, such as "./a/b".
bool is_below(const std::string& name) {
  const auto parts = base::split(name, '/');
  return name.starts_with("./") && std::find(parts.begin(), parts.end(), "..") == parts.end();
}

}  // namespace

PackedArchive PackedArchive::from(const Report& report, const Worker& worker, model::Id workflow_id) {
  constexpr std::int64_t k_any = std::numeric_limits<std::int64_t>::max();
  PackedArchive packed;
  packed.packed_in = report.path("packed_in");
  packed.archive = report.path("archive");
  packed.directory = report.path("directory");
  if (!is_temporary_directory(packed.packed_in)) {
    throw BadReport("packed_in", packed.packed_in);
  }
  if (packed.archive != fmt::format("{}/torc_logs_{}_{}.tar.gz", packed.packed_in, workflow_id, worker.key)) {
    throw BadReport("archive", packed.archive);
  }
  packed.inode = report.get("inode");
  static_cast<void>(report.number("inode", 0, k_any));
  packed.checksum = {
      .crc = static_cast<std::uint32_t>(report.number("checksum", 0, std::numeric_limits<std::uint32_t>::max())),
      .size = static_cast<std::uint64_t>(report.number("size", 1, k_any))};
  for (const auto& line : report.all("file")) {
    auto file = PackedFile::parse(line);
    if (!file || file->size > static_cast<std::uint64_t>(k_any) || !is_below(file->name)) {
      throw BadReport("file", line);
    }
    packed.files.push_back(std::move(*file));
  }
  return packed;
}

}  // namespace torc::remote
