#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "remote/logs/archive_listing.hpp"
#include "remote/logs/checksum.hpp"
#include "remote/scripts/script.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// An archive on a worker, as the packing script reports it. The report is validated, since the worker may be hostile:
/// the archive's name must be one that the script makes, so that no other file is fetched and no glob, option or other
/// path gets into a command line; numbers must be in range; and no file name may leave the packed directory.
struct PackedArchive {
  /// The temporary directory: an absolute path of plain characters whose last part begins with "torc_logs_".
  std::string packed_in{};
  std::string archive{};    ///< PACKED_IN/torc_logs_WORKFLOW_KEY.tar.gz
  std::string directory{};  ///< Absolute path of the packed directory; with `inode`, equal for workers that share it.
  std::string inode{};
  Checksum checksum{};
  std::vector<PackedFile> files{};  ///< The files that did not change during the packing.

  /// @throws BadReport
  static PackedArchive from(const Report& report, const Worker& worker, model::Id workflow_id);
};

}  // namespace torc::remote
