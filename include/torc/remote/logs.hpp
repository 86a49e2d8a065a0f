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
  /// On the workers; empty: the directory with which each runner was started, else "torc_output".
  std::string output_dir{};
  std::string local_dir{};  ///< Must exist.
  /// Delete the directory on the worker once its archive is saved and verified on this machine.
  bool remove{false};
  /// With `remove`: delete even if a runner uses the directory or files have changed since they were packed.
  bool force{false};
  bool extract{false};  ///< Unpack each archive into a directory beside it, "torc_logs_W_KEY".
  /// With `extract`: maximum unpacked size of an archive in bytes; see archive::most_unpacked_bytes.
  std::optional<std::uint64_t> max_size{};
  /// Stops the local work on an archive within a second; the transport has its own stop token.
  std::stop_token stop{};
};

struct CollectResult {
  bool ok{false};
  bool missing{false};  ///< The worker has no such directory.
  bool removed{false};  ///< The directory was deleted from the worker.
  /// With CollectSettings::force: files in the archive were deleted, but files in use and the directories were kept.
  bool kept{false};
  std::string file{};       ///< The local archive, if it was fetched and verified.
  std::string extracted{};  ///< The directory into which the archive was unpacked.
  /// Entries that were not unpacked because they could do harm, such as devices and links that leave the directory. The
  /// archive contains them, so they do not prevent the deletion on the worker.
  base::ShortList skipped{};
  base::ShortList stripped{};  ///< Files that were unpacked without their setuid, setgid and sticky bits.
  std::string message{};       ///< The reason if `ok` is false, else a remark or "".
};

/// Packs the output directory on every worker, fetches and verifies the archives, and with `remove` then deletes the
/// directories. A directory is deleted only after its archive was verified here, after all workers were fetched (two
/// may share a home directory), and never while a runner uses it or if files have changed since they were packed.
///
/// An existing local archive or directory of the same name is kept beside the new one as "NAME.1.tar.gz" or "NAME.1".
std::vector<CollectResult> collect_logs(Transport& transport, const std::vector<Worker>& workers,
                                        const CollectSettings& settings);

struct DeleteResult {
  bool ok{false};
  bool missing{false};      ///< The directory does not exist.
  std::string directory{};  ///< Absolute path of the directory, if it is known.
  std::string message{};    ///< The reason if `ok` is false.
};

/// Deletes a worker's output directory. Refuses while a runner uses it, and refuses "/", the home directory, its
/// parents, and top-level directories.
DeleteResult delete_logs(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                         const std::string& output_dir);

}  // namespace torc::remote
