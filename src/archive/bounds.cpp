#include <sys/statvfs.h>

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "archive/free_space.hpp"
#include "torc/archive/unpack.hpp"
#include "torc/base/beneath.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"

namespace torc::archive {
namespace {

constexpr std::uint64_t k_most = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t k_block = 4'096;
constexpr std::uint64_t k_gib = std::uint64_t{1} << 30U;
constexpr std::uint64_t k_always_allowed = k_gib;
constexpr std::uint64_t k_max_ratio = 100;

std::uint64_t in_blocks(std::uint64_t size) {
  return size > k_most - k_block ? k_most : std::max(k_block, (size + k_block - 1) / k_block * k_block);
}

std::string size_text(std::uint64_t bytes) {
  return base::format_bytes(static_cast<std::int64_t>(std::min(bytes, k_most)));
}

}  // namespace

FreeSpace free_space(int directory) {
  struct statvfs info {};
  if (::fstatvfs(directory, &info) != 0) {
    throw base::SystemError("cannot determine the free space");
  }
  constexpr std::uint64_t k_max_reserve = std::uint64_t{256} << 20U;
  constexpr std::uint64_t k_parts = 50;
  const std::uint64_t size_of_block = info.f_frsize;
  const std::uint64_t reserve = std::min(k_max_reserve, info.f_blocks * size_of_block / k_parts);
  const std::uint64_t available = info.f_bavail * size_of_block;
  FreeSpace result;
  result.bytes = available - std::min(available, reserve);
  // 0 on file systems without a fixed number of files.
  result.files = info.f_files == 0 ? k_most : info.f_favail - std::min(info.f_favail, info.f_files / k_parts);
  return result;
}

Survey survey(const std::filesystem::path& file, const std::stop_token& stop,
              const std::function<void(const Entry&, const Survey& so_far)>& visit) {
  Reader reader(file, stop);
  Survey result;
  result.packed_bytes = reader.packed_size();
  while (const auto entry = reader.next()) {
    ++result.entries;
    result.bytes = std::min(k_most, result.bytes + in_blocks(entry->size));
    if (visit) {
      visit(*entry, result);
    }
  }
  return result;
}

std::uint64_t most_unpacked_bytes(std::uint64_t packed_bytes, std::optional<std::uint64_t> max_size) {
  if (max_size) {
    return *max_size;
  }
  return packed_bytes > k_most / k_max_ratio ? k_most : std::max(k_always_allowed, packed_bytes * k_max_ratio);
}

std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size) {
  if (survey.bytes <= most_unpacked_bytes(survey.packed_bytes, max_size)) {
    return "";
  }
  if (max_size) {
    return fmt::format("unpacked it takes at least {}, more than the {} of --max-size", size_text(survey.bytes),
                       size_text(*max_size));
  }
  return fmt::format(
      "unpacked it takes at least {}, over {} times its own size, possibly a decompression bomb; use --max-size SIZE "
      "(here at least {}g) to accept it",
      size_text(survey.bytes), k_max_ratio, (survey.bytes - 1) / k_gib + 1);
}

std::string why_too_large(const Survey& survey, std::optional<std::uint64_t> max_size,
                          const std::filesystem::path& directory) {
  if (auto why = why_too_large(survey, max_size); !why.empty()) {
    return why;
  }
  const FreeSpace space = free_space(base::open_directory(directory).get());
  if (survey.bytes > space.bytes) {
    return fmt::format("no space left on this machine: unpacked it takes {}, and {} can be used in {}",
                       size_text(survey.bytes), size_text(space.bytes), directory.string());
  }
  if (survey.entries > space.files) {
    return fmt::format("no space left on this machine: it holds {} files, and the file system of {} has room for {}",
                       survey.entries, directory.string(), space.files);
  }
  return "";
}

}  // namespace torc::archive
