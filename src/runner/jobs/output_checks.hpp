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

/// A file that a job has declared to write.
struct DeclaredOutput {
  std::string name;            ///< Name of the file in the workflow.
  std::filesystem::path path;  ///< Relative paths are relative to the directory in which jobs start.

  bool operator==(const DeclaredOutput&) const = default;
};

/// A declared output that a job has not written.
struct MissingOutput {
  DeclaredOutput output;
  std::string reason;  ///< Words that follow the name of the output: "does not exist".

  bool operator==(const MissingOutput&) const = default;
};

/// Checks whether the declared outputs of jobs that have ended exist. Like torc 0.23, a job that exits with 0 without a
/// declared output file has failed; the age of the file does not matter.
///
/// A file that another machine, or a job on it, has just written may be invisible here for a while: network file
/// systems cache for some seconds that a name was absent (nfs(5): acdirmin). So an absent output there is checked
/// again, after reading its directory, until `timeout` has passed.
///
/// A thread of this object does the checks, because a file system can hang. The destructor does not wait for a hanging
/// check.
///
/// Thread-safety: the methods belong to one thread; `on_checked` is called by the other.
class OutputChecks {
 public:
  using Ticket = std::uint64_t;

  struct Checked {
    Ticket ticket{0};
    std::vector<MissingOutput> missing{};  ///< Empty: everything is there.
  };

  /// How long to repeat the check of an absent output.
  using TimeoutOf = std::function<std::chrono::milliseconds(const std::filesystem::path& path)>;

  /// @param on_checked  Called after each check, before `take` returns its outcome; must not block.
  /// @param timeout    Replaced in tests.
  explicit OutputChecks(std::function<void()> on_checked, TimeoutOf timeout = default_timeout);
  OutputChecks(const OutputChecks&) = delete;
  OutputChecks& operator=(const OutputChecks&) = delete;
  ~OutputChecks();

  /// Begins a check. @returns its ticket, as in `Checked`
  Ticket begin(std::vector<DeclaredOutput> outputs);
  /// The checks that have finished since the last call. Never blocks.
  std::vector<Checked> take();

  /// Zero if `path` is on a local file system (by the magic number from statfs(2)), else five seconds.
  static std::chrono::milliseconds default_timeout(const std::filesystem::path& path);

 private:
  struct Shared;
  std::shared_ptr<Shared> m_shared;  ///< Shared with the thread, which may outlive this object.
  Ticket m_next{0};
};

/// "its output file 'a' (out/a.txt) does not exist", for several of them joined by "; ".
std::string words_for(const std::vector<MissingOutput>& missing);

}  // namespace torc::runner
