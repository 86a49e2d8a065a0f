#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "torc/base/beneath.hpp"
#include "torc/client/api.hpp"
#include "torc/remote/worker.hpp"

namespace torc::cli {

/// The latest attempt of a job, and where its output is.
struct JobAttempt {
  model::Job job{};
  bool has_ended{false};
  std::string stem{};                      ///< Of its files: model::stdio_stem.
  std::optional<remote::Worker> worker{};  ///< The ssh worker that ran it, or runs it.
};

/// @param job  An id, or a name; of several jobs of one name the first.
/// @throws base::Error where there is no such job, or where it has not run yet
JobAttempt latest_attempt(client::Api& api, model::Id workflow_id, const std::string& job);

/// Files with an attempt's output on this machine.
struct LocalOutput {
  base::Fd directory{};              ///< The output directory that holds them.
  std::vector<std::string> paths{};  ///< From there, for base::open_beneath.
  std::vector<std::string>
      refusals{};  ///< Files that must not be read, and why: FIFOs, links that leave the directory.
};

/// The attempt's files in the output directory of a runner on this machine, or in what was collected and unpacked.
LocalOutput local_output(const JobAttempt& attempt, model::Id workflow_id,
                         const std::filesystem::path& output_directory, const std::filesystem::path& collected);

/// The archive that holds the attempt's files, where it was collected and not unpacked.
std::optional<std::filesystem::path> archive_of(const JobAttempt& attempt, model::Id workflow_id,
                                                const std::filesystem::path& collected);

}  // namespace torc::cli
