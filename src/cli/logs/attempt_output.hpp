#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "torc/base/beneath.hpp"
#include "torc/client/api.hpp"
#include "torc/remote/worker.hpp"

namespace torc::cli {

/// The latest attempt of a job, and the location of its output.
struct JobAttempt {
  model::Job job{};
  bool has_ended{false};
  std::string stem{};                      ///< model::stdio_stem of its files.
  std::optional<remote::Worker> worker{};  ///< The ssh worker that runs or ran it.
};

/// @param job  An ID or a name; if several jobs have the name, the first one.
/// @throws base::Error if there is no such job, or it has not run yet
JobAttempt latest_attempt(client::Api& api, model::Id workflow_id, const std::string& job);

/// Files with an attempt's output on this machine.
struct LocalOutput {
  base::Fd directory{};              ///< The output directory that contains them.
  std::vector<std::string> paths{};  ///< Relative to `directory`, for base::open_beneath.
  /// Files that must not be read, with the reason: FIFOs, links that leave the directory.
  std::vector<std::string> refusals{};
};

/// The attempt's files in the output directory of a runner on this machine, or in an unpacked archive of collected
/// logs.
LocalOutput local_output(const JobAttempt& attempt, model::Id workflow_id,
                         const std::filesystem::path& output_directory, const std::filesystem::path& collected);

/// The collected archive that may contain the attempt's files, if there is one.
std::optional<std::filesystem::path> archive_of(const JobAttempt& attempt, model::Id workflow_id,
                                                const std::filesystem::path& collected);

}  // namespace torc::cli
