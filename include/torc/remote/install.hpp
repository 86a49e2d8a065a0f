#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// What `torc remote install` installs on each worker.
struct InstallSettings {
  WorkflowRef workflow{};
  std::string program{};  ///< The file to copy: this program itself.
  std::string version{};  ///< Version of `program`; a worker that already has this version is skipped.
  /// Build ID of `program`, to report a worker's torc of the same version but another build.
  std::string build_id{};
  /// The kind of machine that `program` runs on, such as "Linux x86_64"; empty: that of this machine.
  std::string machine{};
  /// Installed as `bin/torc` below this directory; a relative path is below the worker's home directory.
  std::string prefix{"~/.local"};
  bool force{false};               ///< Install even if the worker has this version.
  std::chrono::seconds limit{60};  ///< Limit for a whole script; one call of the worker's torc gets a quarter of it.
};

struct InstallResult {
  bool ok{false};  ///< The worker now has this version.
  bool installed{false};
  bool reached{false};
  bool canceled{false};
  std::string path{};     ///< Absolute path of the worker's torc, if `ok`.
  std::string message{};  ///< The reason if `ok` is false, else a remark or "".
};

/// Copies the program to every worker that has no torc of its version, neither in `prefix` nor in the places where
/// `torc remote run` searches. The file is copied with scp to a temporary name beside its target, verified, started
/// once as a test, and then renamed, so that a running torc is not disturbed. An attempt that fails or is canceled
/// leaves nothing behind.
/// @throws base::SystemError if the program cannot be read here
std::vector<InstallResult> install_on_workers(Transport& transport, const std::vector<Worker>& workers,
                                              const InstallSettings& settings);

/// Rejects a prefix that the scripts cannot handle (empty, or with control characters).
/// @throws base::UsageError
void check_prefix(const std::string& prefix);

}  // namespace torc::remote
