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

/// The workflow that a file of an output directory is about, by its name: "job_wf42_j1_r1_a1.o",
/// "job_runner_ws1_wf42_r1.log", "torc_worker_42_ws1.log". A directory before the name does not matter.
std::optional<model::Id> workflow_of_log(std::string_view path);

/// Visits what lies below a directory and is named like a log of a workflow; without a number, of any. Links and
/// special files are visited, too: see their modes.
/// @param skipped  Gets directories that cannot be read.
void for_each_log(int directory, std::optional<model::Id> workflow_id,
                  const std::function<void(const base::FoundFile&)>& visit, base::ShortList& skipped);

/// Logs of a workflow below a directory.
struct LogFiles {
  std::vector<std::string> paths{};  ///< Regular files, from the directory; sorted.
  base::ShortList skipped{};  ///< What is named like a log but is not a regular file: "FIFO job_stdio/job_wf1....o".
};
LogFiles log_files(int directory, model::Id workflow_id);

/// Ids of workflows, few of them: enough to see that there are several, and to name some.
class WorkflowIds {
 public:
  static constexpr std::size_t k_most = 10;

  void add(model::Id id);
  bool is_several() const { return m_ids.size() > 1; }
  /// "1, 2, 3", with ", ..." if there are more than `k_most`.
  std::string text() const;

 private:
  std::set<model::Id> m_ids;  ///< The smallest, one more than are shown.
};

/// A line that tells of trouble.
struct LogFinding {
  std::string file{};
  std::int64_t line{0};  ///< From 1.
  std::string text{};    ///< At most 2,000 bytes of the line, with the word that tells of trouble among them.

  auto operator<=>(const LogFinding&) const = default;
};

/// Findings by kind ("out of memory" and so on): how many, and the first ones. Memory does not grow with what is read.
class TroubleReport {
 public:
  /// Of a job that fails in a loop, the first lines tell as much as all.
  static constexpr std::size_t k_lines_of_a_kind = 20;

  struct OfKind {
    std::uint64_t count{0};
    std::multiset<LogFinding> first{};  ///< By file and line, in whatever order they were added.
  };

  void add(std::string_view kind, LogFinding finding);
  const std::map<std::string, OfKind, std::less<>>& kinds() const { return m_kinds; }

 private:
  std::map<std::string, OfKind, std::less<>> m_kinds;
};

/// Looks through one file, which comes in pieces, for lines that look like trouble, by words that programs, shells,
/// kernels and this program use for it. Of a line it looks at the first 64 KiB.
class TroubleFinder {
 public:
  static constexpr std::size_t k_longest_line = std::size_t{1} << 16U;

  TroubleFinder(std::string file, TroubleReport& report) : m_file(std::move(file)), m_report(report) {}

  void add(std::string_view piece);
  /// After the last piece: a line may lack its end.
  void finish();

 private:
  void end_line();

  std::string m_file;
  TroubleReport& m_report;
  std::string m_line;
  std::int64_t m_number{1};
};

/// The same for a file that is open, from where it stands. Holes are skipped: a sparse file can be larger than any
/// disk.
/// @throws base::SystemError
void find_trouble(int fd, TroubleFinder& finder);

}  // namespace torc::cli
