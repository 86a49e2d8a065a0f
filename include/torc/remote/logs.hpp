#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/base/short_list.hpp"
#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

struct CollectSettings {
  WorkflowRef workflow{};
  std::string output_dir{};  ///< On the workers; empty: where each was started, else "torc_output".
  std::string local_dir{};   ///< Must exist.
  bool remove{false};        ///< Delete the directory on the worker once its archive is safe here.
  bool force{false};         ///< With `remove`: also where a worker runs there, or something changed since.
  bool extract{false};       ///< Unpack each archive into a directory beside it, "torc_logs_W_KEY".
  /// With `extract`: the most bytes that an archive may take unpacked; see archive::most_unpacked_bytes.
  std::optional<std::uint64_t> max_size{};
  std::stop_token stop{};  ///< Ends what is done here with an archive within a second; the transport has its own.
};

struct CollectResult {
  bool ok{false};
  bool missing{false};  ///< The worker has no such directory.
  bool removed{false};  ///< The directory is gone from the worker.
  /// With CollectSettings::force: files of the archive were deleted, but those in use and the directory were kept.
  bool kept{false};
  std::string file{};       ///< The archive here, where it was fetched and verified.
  std::string extracted{};  ///< The directory that it was unpacked into.
  /// Entries that were not unpacked, since they could do harm: devices, links that leave the directory and so on. The
  /// archive holds them, so they do not prevent its deletion there.
  base::ShortList skipped{};
  base::ShortList stripped{};  ///< Files that were unpacked without their setuid, setgid and sticky bits.
  std::string message{};       ///< Why not, or what is worth knowing.
};

/// Packs the output directory of every worker there, fetches and verifies the archives, and with `remove` then deletes
/// the directories: only what is safe here, only when all workers were fetched (two may share a home), never while a
/// worker runs there or when something changed since it was packed.
///
/// An archive, or an unpacked one, that is here already under the same name is kept beside the new one
/// ("NAME.1.tar.gz", "NAME.1").
std::vector<CollectResult> collect_logs(Transport& transport, const std::vector<Worker>& workers,
                                        const CollectSettings& settings);

struct DeleteResult {
  bool ok{false};
  bool missing{false};      ///< There was nothing to delete.
  std::string directory{};  ///< Absolute, where it was found.
  std::string message{};    ///< Why not.
};

/// Deletes a worker's output directory; refused while a worker runs there, and for "/", the home directory, what lies
/// above it, and top-level directories.
DeleteResult delete_logs(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                         const std::string& output_dir);

}  // namespace torc::remote
