#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "torc/remote/transport.hpp"
#include "torc/remote/worker.hpp"

namespace torc::remote {

/// What `torc remote install` wants on each worker.
struct InstallSettings {
  WorkflowRef workflow{};
  std::string program{};           ///< The file to copy: this very program.
  std::string version{};           ///< Its version; a worker that has it already is left alone.
  std::string build_id{};          ///< Its build, to tell of another one of the same version.
  std::string machine{};           ///< "Linux x86_64": what it runs on; empty: this one's.
  std::string prefix{"~/.local"};  ///< It comes to `bin/torc` there; relative: below the worker's home.
  bool force{false};               ///< Whatever the worker has.
  std::chrono::seconds limit{60};  ///< For a whole script; a third of it for one call of the worker's torc.
};

struct InstallResult {
  bool ok{false};  ///< The worker has this version now.
  bool installed{false};
  bool reached{false};
  bool canceled{false};
  std::string path{};     ///< Absolute path of that torc, where `ok`.
  std::string message{};  ///< Why not `ok`, or what is worth knowing.
};

/// Copies the program to every worker that has no torc of its version, neither in `prefix` nor where a start looks for
/// one: over scp to a temporary name beside its place, verified and started once there, then renamed, so that a torc
/// that runs is not disturbed. Nothing is left of an attempt that fails or is canceled.
/// @throws base::SystemError if the program cannot be read here
std::vector<InstallResult> install_on_workers(Transport& transport, const std::vector<Worker>& workers,
                                              const InstallSettings& settings);

/// Refuses a prefix that no script could handle.
/// @throws base::UsageError
void check_prefix(const std::string& prefix);

}  // namespace torc::remote
