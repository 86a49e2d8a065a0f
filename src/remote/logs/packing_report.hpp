#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "remote/logs/archive_listing.hpp"
#include "remote/logs/checksum.hpp"
#include "remote/scripts/script.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// An archive on a worker, as the packing script reports it and as far as a worker can be believed: the names are such
/// as the script makes, so that nothing else of the worker is fetched and no glob, option or other path gets into a
/// command line; the numbers are in range, and no name leaves the directory that was packed.
struct PackedArchive {
  std::string packed_in{};  ///< The temporary directory: absolute, plain characters, its last part "torc_logs_...".
  std::string archive{};    ///< PACKED_IN/torc_logs_WORKFLOW_KEY.tar.gz
  std::string directory{};  ///< What was packed, absolute; with `inode`, equal for workers that share it.
  std::string inode{};
  Checksum checksum{};
  std::vector<PackedFile> files{};  ///< That did not change since the packing began.

  /// @throws BadReport
  static PackedArchive from(const Report& report, const Worker& worker, model::Id workflow_id);
};

}  // namespace torc::remote
