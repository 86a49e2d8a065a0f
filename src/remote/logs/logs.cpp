// Theory of operation. Without deletion, each worker's ssh stays open as a dialogue while scp fetches the archive, and
// the archive is deleted over the connection that made it. That takes two connections per worker, so half as many
// workers are served at a time. With deletion (or a limit of one connection), the archives stay on the workers until
// all have been fetched. Only then are the directories deleted, over new connections, one after the other if workers
// may share a home directory.

#include "torc/remote/logs.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <system_error>

#include <fmt/format.h>
#include <unistd.h>

#include "remote/logs/archive_listing.hpp"
#include "remote/logs/checksum.hpp"
#include "remote/logs/packing_report.hpp"
#include "remote/scripts/scripts.hpp"
#include "torc/archive/unpack.hpp"
#include "torc/base/error.hpp"
#include "torc/base/units.hpp"
#include "torc/proc/command.hpp"
#include "torc/proc/fan_out.hpp"

namespace torc::remote {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_nothing_deleted = "; nothing was deleted on the worker";

/// Fills `result` and `packed` from the report of the packing script.
/// @returns whether there is an archive to fetch
bool judge_packing(const proc::CommandResult& call, const Worker& worker, const CollectSettings& settings,
                   CollectResult& result, PackedArchive& packed) {
  const std::string suffix = settings.remove ? k_nothing_deleted : "";
  const auto report = Report::parse(call.out);
  if (!report) {
    result.message = failure_reason(call) + suffix;
  } else if (report->has("failed")) {
    result.message = report->text("failed") + suffix;
  } else if (report->has("incomplete")) {
    result.message = "archive incomplete (" + report->text("incomplete") + ")" + suffix;
  } else if (report->has("missing")) {
    result.ok = true;
    result.missing = true;
  } else {
    try {
      packed = PackedArchive::from(*report, worker, settings.workflow.workflow_id);
    } catch (const BadReport& error) {
      result.message = error.what() + suffix;
      return false;
    }
    if (!report->get("changed").empty()) {
      result.message = "files changed while they were packed";
    }
    return true;
  }
  return false;
}

/// @throws base::Error if an archive of `size` bytes does not fit into the local file system
void require_room(const fs::path& directory, std::uint64_t size) {
  std::error_code unknown;
  const auto room = fs::space(directory, unknown);
  if (!unknown && size > room.available) {
    throw base::Error(fmt::format("the archive needs {}, but {} has only {} free",
                                  base::format_bytes(static_cast<std::int64_t>(size)), directory.string(),
                                  base::format_bytes(static_cast<std::int64_t>(room.available))));
  }
}

constexpr std::string_view k_ending = ".tar.gz";

/// An unused name similar to that of `file`, an archive or a directory: "torc_logs_1_ws1.2.tar.gz".
fs::path free_name(const fs::path& file) {
  const std::string text = file.string();
  const std::string_view ending = text.ends_with(k_ending) ? k_ending : "";
  const std::string stem = text.substr(0, text.size() - ending.size());
  for (int number = 1;; ++number) {
    fs::path candidate = fmt::format("{}.{}{}", stem, number, ending);
    if (!fs::exists(candidate)) {
      return candidate;
    }
  }
}

/// Checks whether a fetched file is the archive that the worker made.
/// @throws archive::Stopped, base::Error
CheckedArchive check_fetched(const std::string& file, const PackedArchive& packed, const CollectSettings& settings) {
  if (!(checksum_of_file(file, settings.stop) == packed.checksum)) {
    return {.problem = "the archive was damaged during the transfer"};
  }
  std::function<bool(const archive::Survey&)> is_too_large;
  if (settings.extract) {
    is_too_large = [&](const archive::Survey& so_far) {
      return !archive::why_too_large(so_far, settings.max_size).empty();
    };
  }
  return check_archive(file, packed.files, settings.stop, is_too_large);
}

/// Renames a verified archive or unpacked directory to its final name. An older one of that name is kept under a new
/// name, since it may be the only copy.
void move_into_place(const fs::path& from, const fs::path& to) {
  if (fs::exists(to)) {
    fs::rename(to, free_name(to));
  }
  fs::rename(from, to);
}

/// A name beside `target` for an incomplete directory.
fs::path name_of_partial(const fs::path& target) {
  fs::path partial = fmt::format("{}.{}.part", target.string(), ::getpid());
  return fs::exists(fs::symlink_status(partial)) ? free_name(partial) : partial;
}

/// Unpacks an archive into a directory beside it, which gets its final name only once it is complete.
/// @throws base::Error with the reason if that fails
void extract_archive(const fs::path& archive, const archive::Survey& survey, const CollectSettings& settings,
                     CollectResult& result) {
  const std::string text = archive.string();
  const fs::path target = text.substr(0, text.size() - k_ending.size());
  try {
    if (auto why = archive::why_too_large(survey, settings.max_size, archive.parent_path()); !why.empty()) {
      throw base::Error(std::move(why));
    }
    const fs::path partial = name_of_partial(target);
    auto report = archive::unpack(archive, survey, partial, settings.stop);
    move_into_place(partial, target);
    result.skipped = std::move(report.skipped);
    result.stripped = std::move(report.stripped);
  } catch (base::Error& error) {
    error.add_context(fmt::format("saved to {}, but it cannot be unpacked", text));
    throw;
  }
  result.extracted = target.string();
}

/// Fetches and verifies the archive and moves it to its final name.
/// @returns whether that succeeded; else `result.message` has the reason
bool fetch_archive(Transport& transport, const Worker& worker, const CollectSettings& settings,
                   const PackedArchive& packed, CollectResult& result) {
  const fs::path target =
      fs::path(settings.local_dir) / fmt::format("torc_logs_{}_{}.tar.gz", settings.workflow.workflow_id, worker.key);
  const fs::path partial = fmt::format("{}.{}.part", target.string(), ::getpid());
  std::string problem;
  try {
    require_room(settings.local_dir, packed.checksum.size);
    const auto call = transport.fetch(worker.address, packed.archive, partial.string(),
                                      static_cast<std::int64_t>(packed.checksum.size));
    CheckedArchive checked;
    if (call.ok()) {
      checked = check_fetched(partial.string(), packed, settings);
    }
    problem = call.ok() ? checked.problem
              : call.end == proc::CommandResult::End::flooded
                  ? fmt::format("received more than the reported {} bytes", packed.checksum.size)
                  : failure_reason(call);
    if (problem.empty()) {
      move_into_place(partial, target);
      result.file = target.string();
      if (settings.extract) {
        extract_archive(target, checked.survey, settings, result);
      }
    }
  } catch (const base::Error& error) {
    problem = error.what();
  } catch (const fs::filesystem_error& error) {
    problem = error.what();
  }
  if (!problem.empty()) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    result.message = problem + (settings.remove ? k_nothing_deleted : "");
    return false;
  }
  return true;
}

CollectResult collect_in_dialogue(Transport& all, const Worker& worker, const CollectSettings& settings) {
  const auto reserved = all.reserve(2);  // One for the dialogue, one for scp within it.
  Transport& transport = *reserved;
  CollectResult result;
  bool asked = false;
  ScriptCall call{.script = pack_script(worker, settings, AfterPacking::ask),
                  .reports_progress = true,
                  .output_limit = k_large_output,
                  .question = k_question};
  call.answer = [&](std::string_view output) -> std::string {
    asked = true;
    proc::CommandResult before;
    before.end = proc::CommandResult::End::exited;
    before.out = output;
    PackedArchive packed;
    if (judge_packing(before, worker, settings, result, packed)) {
      result.ok = fetch_archive(transport, worker, settings, packed, result);
    }
    return k_go;
  };
  const auto ended = transport.run(worker.address, call);
  PackedArchive unused;
  if (!asked && judge_packing(ended, worker, settings, result, unused)) {
    result.message = "the connection ended before the archive was fetched";
  }
  return result;
}

/// Fetches every archive first; then deletes the directories, and the archives on the workers.
class CollectInPhases {
 public:
  CollectInPhases(Transport& transport, const std::vector<Worker>& workers, const CollectSettings& settings)
      : m_transport(transport),
        m_workers(workers),
        m_settings(settings),
        m_results(workers.size()),
        m_packed(workers.size()) {}

  std::vector<CollectResult> run() {
    proc::for_each_index(m_workers.size(), m_transport.width(), [&](std::size_t i) { fetch(i); });
    const auto groups = groups_of_one_directory();
    proc::for_each_index(groups.size(), m_transport.width(), [&](std::size_t g) {
      for (const std::size_t i : groups[g]) {
        finish(i);
      }
    });
    discard_in_background();
    return std::move(m_results);
  }

 private:
  void fetch(std::size_t i) {
    const ScriptCall pack{.script = pack_script(m_workers[i], m_settings, AfterPacking::keep),
                          .reports_progress = true,
                          .output_limit = k_large_output};
    const auto call = m_transport.run(m_workers[i].address, pack);
    if (judge_packing(call, m_workers[i], m_settings, m_results[i], m_packed[i])) {
      m_results[i].ok = fetch_archive(m_transport, m_workers[i], m_settings, m_packed[i], m_results[i]);
    }
  }

  /// Groups the workers whose directories may be the same one.
  std::vector<std::vector<std::size_t>> groups_of_one_directory() const {
    std::map<std::pair<std::string, std::string>, std::vector<std::size_t>> by_directory;
    for (std::size_t i = 0; i < m_workers.size(); ++i) {
      if (!m_packed[i].packed_in.empty()) {
        by_directory[{m_packed[i].directory, m_packed[i].inode}].push_back(i);
      }
    }
    std::vector<std::vector<std::size_t>> groups;
    for (auto& [directory, indexes] : by_directory) {
      groups.push_back(std::move(indexes));
    }
    return groups;
  }

  void finish(std::size_t i) {
    if (!m_settings.remove || !m_results[i].ok) {
      discard(i);
      return;
    }
    const ScriptCall remove{.script = delete_packed_script(m_workers[i], m_settings, m_packed[i].packed_in),
                            .reports_progress = true,
                            .output_limit = k_large_output};
    const auto call = m_transport.run(m_workers[i].address, remove);
    const auto report = Report::parse(call.out);
    // "missing": already deleted for a worker with the same home directory, whose archive has the same contents.
    const bool done = report && (report->has("removed") || report->has("missing"));
    m_results[i].kept = done && !report->get("kept").empty();
    m_results[i].removed = done && !m_results[i].kept;
    if (m_results[i].kept) {
      m_results[i].message = "files that are in use, or have changed since they were packed, were kept on the worker";
    }
    if (!done) {
      m_results[i].ok = false;
      m_results[i].message = fmt::format("saved to {}, but not deleted on the worker: {}", m_results[i].file,
                                         report ? report->text("failed") : failure_reason(call));
    }
    if (!report) {
      discard(i);  // It is unknown whether the script got that far.
    }
  }

  void discard(std::size_t i) {
    const std::string script = discard_script(m_packed[i].packed_in);
    if (m_transport.run(m_workers[i].address, {.script = script}).end == proc::CommandResult::End::canceled) {
      const std::scoped_lock lock(m_mutex);
      m_left.push_back({.worker = m_workers[i].address, .script = script});
    }
  }

  /// After an interrupt, the command does not wait for workers, because they may not answer.
  void discard_in_background() {
    if (!m_left.empty()) {
      m_transport.run_in_background(m_left);
    }
  }

  Transport& m_transport;
  const std::vector<Worker>& m_workers;
  const CollectSettings& m_settings;
  std::vector<CollectResult> m_results;
  std::vector<PackedArchive> m_packed;
  std::mutex m_mutex;
  std::vector<BackgroundCall> m_left;  ///< Archives on workers that were not discarded because of a stop request.
};

}  // namespace

std::vector<CollectResult> collect_logs(Transport& transport, const std::vector<Worker>& workers,
                                        const CollectSettings& settings) {
  if (settings.remove || transport.width() < 2) {
    return CollectInPhases(transport, workers, settings).run();
  }
  return proc::fan_out(workers, transport.width() / 2,
                       [&](const Worker& worker) { return collect_in_dialogue(transport, worker, settings); });
}

DeleteResult delete_logs(Transport& transport, const Worker& worker, const WorkflowRef& workflow,
                         const std::string& output_dir) {
  const auto call = transport.run(worker.address, {.script = delete_script(worker, workflow, output_dir)});
  const auto report = Report::parse(call.out);
  DeleteResult result;
  if (!report) {
    result.message = failure_reason(call);
  } else if (report->has("failed")) {
    result.message = report->text("failed");
  } else {
    result.ok = true;
    result.missing = report->has("missing");
    result.directory = report->text(result.missing ? "missing" : "removed");
  }
  return result;
}

}  // namespace torc::remote
