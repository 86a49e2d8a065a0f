#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/archive/unpack.hpp"

namespace torc::remote {

/// A file as the worker had it when it was packed.
struct PackedFile {
  std::string name{};  ///< From the directory that was packed: "./job_stdio/job_1.o".
  std::uint64_t size{0};

  /// From "SIZE NAME"; nothing where it is not that.
  static std::optional<PackedFile> parse(const std::string& text);
};

/// A fetched archive, compared with what must be in it.
struct CheckedArchive {
  std::string problem{};     ///< The first file that is missing or has another size; "" if all are there.
  archive::Survey survey{};  ///< What it holds; if `is_too_large` ended the reading, what was read of it.
};

/// Reads a whole archive, which checks its data, and compares its entries with `files`.
/// @param is_too_large  Asked after each header; may be empty. Once it says yes, reading ends, as inflating a hostile
///                      archive takes long; then the files are not compared and `problem` is "".
/// @throws archive::Stopped; base::Error if the archive cannot be read, or if that takes more than an hour
CheckedArchive check_archive(const std::filesystem::path& archive, const std::vector<PackedFile>& files,
                             const std::stop_token& stop,
                             const std::function<bool(const archive::Survey& so_far)>& is_too_large = {});

}  // namespace torc::remote
