#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "torc/base/beneath.hpp"
#include "torc/base/short_list.hpp"
#include "torc/model/models.hpp"

namespace torc::cli {

/// The workflow that a file of an output directory belongs to, according to its name: "job_wf42_j1_r1_a1.o",
/// "job_runner_ws1_wf42_r1.log", "torc_worker_42_ws1.log". `path` may include directories.
std::optional<model::Id> workflow_of_log(std::string_view path);

/// Visits everything below a directory that is named like a log of the workflow, or of any workflow without
/// `workflow_id`. Links and special files are visited, too; check their modes.
/// @param skipped  Receives the directories that cannot be read.
void for_each_log(int directory, std::optional<model::Id> workflow_id,
                  const std::function<void(const base::FoundFile&)>& visit, base::ShortList& skipped);

/// Logs of a workflow below a directory.
struct LogFiles {
  std::vector<std::string> paths{};  ///< Regular files, relative to the directory, sorted.
  base::ShortList skipped{};  ///< Entries named like a log that are not regular files: "FIFO job_stdio/job_wf1....o".
};
LogFiles log_files(int directory, model::Id workflow_id);

/// A few workflow IDs: enough to know whether there are several, and to name some.
class WorkflowIds {
 public:
  static constexpr std::size_t k_most = 10;

  void add(model::Id id);
  bool is_several() const { return m_ids.size() > 1; }
  /// "1, 2, 3", with ", ..." if there are more than `k_most`.
  std::string text() const;

 private:
  std::set<model::Id> m_ids;  ///< The smallest IDs, one more than are shown.
};

/// A line that indicates a problem.
struct LogFinding {
  std::string file{};
  std::int64_t line{0};  ///< From 1.
  std::string text{};    ///< At most 2,000 bytes of the line, including the words that indicate the problem.

  auto operator<=>(const LogFinding&) const = default;
};

/// Findings by kind ("out of memory" and so on): their number, and the first ones. Memory use does not grow with the
/// size of the logs.
class TroubleReport {
 public:
  /// If a job fails in a loop, the first lines are as informative as all of them.
  static constexpr std::size_t k_lines_of_a_kind = 20;

  struct OfKind {
    std::uint64_t count{0};
    std::multiset<LogFinding> first{};  ///< Sorted by file and line.
  };

  void add(std::string_view kind, LogFinding finding);
  const std::map<std::string, OfKind, std::less<>>& kinds() const { return m_kinds; }

 private:
  std::map<std::string, OfKind, std::less<>> m_kinds;
};

/// Searches one file, passed in pieces, for lines that indicate a problem, by words that programs, shells, kernels and
/// torc use. Examines the first 64 KiB of a line.
class TroubleFinder {
 public:
  static constexpr std::size_t k_longest_line = std::size_t{1} << 16U;

  TroubleFinder(std::string file, TroubleReport& report) : m_file(std::move(file)), m_report(report) {}

  void add(std::string_view piece);
  /// Call this after the last piece, since the last line may lack its end.
  void finish();

 private:
  void end_line();

  std::string m_file;
  TroubleReport& m_report;
  std::string m_line;
  std::int64_t m_number{1};
};

/// Searches an open file from its current position. Holes are skipped, since a sparse file can be larger than any disk.
/// @throws base::SystemError
void find_trouble(int fd, TroubleFinder& finder);

}  // namespace torc::cli
