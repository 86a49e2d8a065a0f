#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "torc/model/models.hpp"

namespace torc::runner {

/// What a job has declared to write.
struct DeclaredOutput {
  std::string name;            ///< In the workflow.
  std::filesystem::path path;  ///< Relative paths count from the directory in which jobs start.

  bool operator==(const DeclaredOutput&) const = default;
};

/// A declared output that a job has not written.
struct MissingOutput {
  DeclaredOutput output;
  std::string reason;  ///< Words that follow the name of the output: "does not exist".

  bool operator==(const MissingOutput&) const = default;
};

/// Finds out whether the outputs of jobs that have ended exist. torc 0.23 counts a job that exits with 0 without a
/// declared output file as failed; the age of the file does not matter.
///
/// A file that another machine, or a job on it, has just written can be invisible here for a while: network file
/// systems remember for some seconds that a name was absent (nfs(5): acdirmin). So an absent output there is looked for
/// again, after its directory was read, until `patience` is over.
///
/// A thread of this object does the checks, because a file system can hang. The destructor does not wait for a check
/// that hangs.
///
/// Thread-safety: the methods belong to one thread; `on_checked` is called by the other.
class OutputChecks {
 public:
  using Ticket = std::uint64_t;

  struct Checked {
    Ticket ticket{0};
    std::vector<MissingOutput> missing{};  ///< Empty: everything is there.
  };

  /// How long an absent output is looked for again.
  using Patience = std::function<std::chrono::milliseconds(const std::filesystem::path& path)>;

  /// @param on_checked  Called after each check, before `take` returns it; must not block.
  /// @param patience    Tests pass their own.
  explicit OutputChecks(std::function<void()> on_checked, Patience patience = patience_for);
  OutputChecks(const OutputChecks&) = delete;
  OutputChecks& operator=(const OutputChecks&) = delete;
  ~OutputChecks();

  /// Begins a check. @returns what `take` calls it
  Ticket begin(std::vector<DeclaredOutput> outputs);
  /// The checks that were finished since the last call. Never blocks.
  std::vector<Checked> take();

  /// No time if `path` is on a file system of this machine (by the kernel's magic number of it, statfs(2)), else five
  /// seconds.
  static std::chrono::milliseconds patience_for(const std::filesystem::path& path);

 private:
  struct Shared;
  std::shared_ptr<Shared> m_shared;  ///< The thread has a part of it: it may outlive this object.
  Ticket m_next{0};
};

/// "its output file 'a' (out/a.txt) does not exist", for several of them joined by "; ".
std::string words_for(const std::vector<MissingOutput>& missing);

}  // namespace torc::runner
