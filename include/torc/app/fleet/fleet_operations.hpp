#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/app/fleet/fleet.hpp"
#include "torc/remote/exec.hpp"
#include "torc/remote/logs.hpp"

// Operations on all workers of a fleet, with one outcome per worker.

namespace torc::app {

class Reporter;

struct CollectOptions {
  std::string output_dir{};  ///< On the workers; empty: the one of the last start, or "torc_output".
  std::string local_dir{};   ///< Created if it does not exist.
  bool remove{false};        ///< Delete the directory on the worker once its archive is saved and verified.
  bool force{false};         ///< With `remove`: delete even if a runner uses it or files have changed since.
  bool extract{false};       ///< Unpack each archive into a directory beside it.
  std::optional<std::uint64_t> max_size{};  ///< With `extract`: maximum unpacked size of an archive, in bytes.
};

/// @throws base::Error if the local directory cannot be created
Outcomes<remote::CollectResult> collect_logs(client::Api& api, const Fleet& fleet, const CollectOptions& options,
                                             const remote::SshOptions& ssh, Reporter& reporter,
                                             const std::stop_token& stop);

/// @param output_dir  Empty: the one of the last start, or "torc_output".
Outcomes<remote::DeleteResult> delete_logs(const remote::WorkflowRef& workflow, const Fleet& fleet,
                                           const std::string& output_dir, const remote::SshOptions& ssh,
                                           const std::stop_token& stop);

/// @param words  A program and its arguments; a single word is a command line for sh.
Outcomes<remote::ExecResult> exec_on_workers(const Fleet& fleet, const std::vector<std::string>& words,
                                             const remote::SshOptions& ssh, const std::stop_token& stop);

}  // namespace torc::app
