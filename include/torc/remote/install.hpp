#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// A file that can be installed.
struct InstallProgram {
  std::string path{};
  std::string name{};     ///< In messages: "this program", "torc-linux-aarch64".
  std::string machine{};  ///< The kind of machine that it runs on, as `uname -sm` prints it: "Linux x86_64".
};

/// What `torc remote install` installs on each worker.
struct InstallSettings {
  WorkflowRef workflow{};
  /// A worker gets the first one for its kind of machine that starts there.
  std::vector<InstallProgram> programs{};
  std::string version{};  ///< Version of the programs; a worker that already has this version is skipped.
  /// Build ID of the programs, to report a worker's torc of the same version but another build.
  std::string build_id{};
  std::string binary_dir{};  ///< Where portable programs were searched, for messages.
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
  std::string program{};  ///< InstallProgram::name of what was installed.
  std::string message{};  ///< The reason if `ok` is false, else a remark or "".
};

/// The kind of this machine: "Linux x86_64".
std::string own_machine();

/// The portable programs in a directory: its files torc-linux-x86_64 and torc-linux-aarch64.
std::vector<InstallProgram> portable_programs(const std::string& directory);

/// Copies a program to every worker that has no torc of its version, neither in `prefix` nor in the places where
/// `torc remote run` searches. The file is copied with scp to a temporary name beside its target, compressed if the
/// worker has gzip, verified, started once as a test, and then renamed, so that a running torc is not disturbed. An
/// attempt that fails or is canceled leaves nothing behind.
std::vector<InstallResult> install_on_workers(Transport& transport, const std::vector<Worker>& workers,
                                              const InstallSettings& settings);

/// Rejects a prefix that the scripts cannot handle (empty, or with control characters).
/// @throws base::UsageError
void check_prefix(const std::string& prefix);

}  // namespace torc::remote
