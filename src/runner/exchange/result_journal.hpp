#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/runner_log.hpp"
#include "torc/base/fd.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

/// What the server could not be told of jobs, on disk until it was: results, and which jobs were to be given back. A
/// runner that is killed meanwhile, or gives up, leaves it to the next one of the same workflow in the same output
/// directory. One JSON object a line; the file is there only while it holds something, and locked while its runner
/// lives. One thread.
class ResultJournal {
 public:
  /// A job that a runner had, and did not do.
  struct Return {
    model::Job job;
    std::int64_t run_id{0};
    bool started{false};
    bool time_is_over{false};  ///< Why, where it was started.
  };

  struct Left {
    std::vector<model::Result> results{};
    std::vector<Return> returns{};
  };

  /// @param directory  Of the output.
  /// @param server_id  Numbers of workflows and jobs mean something only together with it.
  /// @param key        Tells the files of runners that share the directory apart.
  ResultJournal(std::filesystem::path directory, std::string server_id, model::Id workflow_id, std::string key,
                RunnerLog& log);
  ResultJournal(const ResultJournal&) = delete;
  ResultJournal& operator=(const ResultJournal&) = delete;
  /// Leaves the file where it has results.
  ~ResultJournal() = default;

  /// Appends them; they are on disk when it returns. Where that cannot be (a full disk) the log says so.
  void add(const std::vector<model::Result>& results);
  void add(const std::vector<Return>& returns);
  /// Everything that was added has been handed in: takes the file away.
  void clear();
  /// Where they are.
  const std::filesystem::path& path() const { return m_path; }
  bool empty() const { return !m_file; }
  bool has_inherited() const { return !m_inherited.empty(); }

  /// Whether there is a journal in the directory, of whatever server, workflow and runner.
  static bool any_in(const std::filesystem::path& directory);

  /// What runners left which are gone. Each of their files is this journal's from now on, until `clear`.
  Left take_over();

 private:
  struct Inherited {
    std::filesystem::path path;
    base::Fd lock;
  };

  void open();
  void append(const std::string& lines);
  bool is_journal(const std::filesystem::path& path) const;

  std::filesystem::path m_directory;
  std::string m_prefix;
  std::filesystem::path m_path;
  RunnerLog& m_log;
  base::Fd m_file;
  std::vector<Inherited> m_inherited;
  bool m_failed{false};  ///< Told once.
};

}  // namespace torc::runner
