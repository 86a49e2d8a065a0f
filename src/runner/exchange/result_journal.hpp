#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/runner_log.hpp"
#include "torc/base/fd.hpp"
#include "torc/model/models.hpp"

namespace torc::runner {

/// Results and requeues that the server has not received, kept on disk until it has. A runner that is killed meanwhile,
/// or gives up, leaves the journal to the next runner of the same workflow in the same output directory. One JSON
/// object per line. The file exists only while it has entries, and is locked while its runner lives. One thread.
class ResultJournal {
 public:
  /// A job that a runner claimed or started but did not finish.
  struct Requeue {
    model::Job job;
    std::int64_t run_id{0};
    bool started{false};
    bool time_is_over{false};  ///< Whether a started job was ended because of the runner's time limit.
  };

  struct Left {
    std::vector<model::Result> results{};
    std::vector<Requeue> requeues{};
  };

  /// @param directory  The output directory.
  /// @param server_id  Identifies the server, since the ids of workflows and jobs are unique only per server.
  /// @param key        Distinguishes the files of runners that share the directory.
  ResultJournal(std::filesystem::path directory, std::string server_id, model::Id workflow_id, std::string key,
                RunnerLog& log);
  ResultJournal(const ResultJournal&) = delete;
  ResultJournal& operator=(const ResultJournal&) = delete;
  /// Keeps the file if it has entries.
  ~ResultJournal() = default;

  /// Appends the entries and syncs them to disk. If that fails (because the disk is full, for instance), logs a
  /// warning.
  void add(const std::vector<model::Result>& results);
  void add(const std::vector<Requeue>& requeues);
  /// Removes the files, including those of earlier runners: all entries have been delivered.
  void clear();
  /// Path of the file.
  const std::filesystem::path& path() const { return m_path; }
  bool empty() const { return !m_file; }
  bool has_inherited() const { return !m_inherited.empty(); }

  /// Whether the directory has a journal of any server, workflow or runner.
  static bool any_in(const std::filesystem::path& directory);

  /// Reads the journals of runners that no longer run. Their files belong to this journal from now on, until `clear`.
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
  bool m_failed{false};  ///< Whether a warning has been logged.
};

}  // namespace torc::runner
