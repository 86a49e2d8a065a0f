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

/// A file as the worker reported it after packing.
struct PackedFile {
  std::string name{};  ///< Relative to the packed directory: "./job_stdio/job_1.o".
  std::uint64_t size{0};

  /// Parses "SIZE NAME"; std::nullopt if `text` has another form.
  static std::optional<PackedFile> parse(const std::string& text);
};

/// Result of comparing a fetched archive with the reported files.
struct CheckedArchive {
  std::string problem{};  ///< The first file that is missing or has another size; "" if all are there.
  /// Contents of the archive; only the part that was read if `is_too_large` ended the reading.
  archive::Survey survey{};
};

/// Reads a whole archive, which verifies its data, and compares its entries with `files`.
/// @param is_too_large  Called after each header; may be empty. Once it returns true, reading ends, since inflating a
///                      hostile archive takes long; then the files are not compared and `problem` is "".
/// @throws archive::Stopped; base::Error if the archive cannot be read, or if that takes more than an hour
CheckedArchive check_archive(const std::filesystem::path& archive, const std::vector<PackedFile>& files,
                             const std::stop_token& stop,
                             const std::function<bool(const archive::Survey& so_far)>& is_too_large = {});

}  // namespace torc::remote
