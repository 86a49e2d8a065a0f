#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace torc::remote {

/// A file as the worker had it when it was packed.
struct PackedFile {
  std::string name{};  ///< From the directory that was packed: "./job_stdio/job_1.o".
  std::uint64_t size{0};

  /// From "SIZE NAME"; nothing where it is not that.
  static std::optional<PackedFile> parse(const std::string& text);
};

/// Compares an archive, read by tar, with what must be in it.
/// @returns what is missing or of another size, the first of it; "" where all is there
/// @throws base::Error where the archive cannot be read
std::string find_missing(const std::string& archive, const std::vector<PackedFile>& files);

}  // namespace torc::remote
