#include "runner/exchange/result_journal.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

#include <nlohmann/json.hpp>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/private_file.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::runner {
namespace {

constexpr std::string_view k_name = "undelivered_results_";
constexpr std::string_view k_suffix = ".jsonl";

constexpr const char* k_requeue_key = "give_back";

/// Ignores incomplete lines, which are left if the runner or the machine died while writing.
ResultJournal::Left left_in(const std::string& text) {
  ResultJournal::Left left;
  for (const auto& line : base::split_lines(text)) {
    try {
      const auto entry = nlohmann::json::parse(line);
      if (entry.contains(k_requeue_key)) {
        left.requeues.push_back({.job = model::from_json<model::Job>(entry.at(k_requeue_key)),
                                 .run_id = entry.at("run_id").get<std::int64_t>(),
                                 .started = entry.at("started").get<bool>(),
                                 .time_is_over = entry.at("time_is_over").get<bool>()});
      } else {
        left.results.push_back(model::from_json<model::Result>(entry));
      }
    } catch (const std::exception&) {
      continue;
    }
  }
  return left;
}

}  // namespace

ResultJournal::ResultJournal(std::filesystem::path directory, std::string server_id, model::Id workflow_id,
                             std::string key, RunnerLog& log)
    : m_directory(std::move(directory)),
      m_prefix(fmt::format("{}{}_wf{}_", k_name, server_id, workflow_id)),
      m_path(m_directory / fmt::format("{}{}_{:08x}{}", m_prefix, key, base::random64() & 0xffff'ffffU, k_suffix)),
      m_log(log) {}

void ResultJournal::open() {
  m_file = base::open_below(m_directory, m_path.filename(), O_WRONLY | O_CREAT | O_APPEND);
  if (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0) {
    throw base::SystemError("cannot lock " + m_path.string());
  }
  // The file name is stored in the directory.
  base::sync_directory(m_directory);
}

void ResultJournal::add(const std::vector<model::Result>& results) {
  std::string lines;
  for (const auto& result : results) {
    lines += model::dump_json(model::to_json(result)) + '\n';
  }
  append(lines);
}

void ResultJournal::add(const std::vector<Requeue>& requeues) {
  std::string lines;
  for (const auto& each : requeues) {
    const nlohmann::json entry{{k_requeue_key, model::to_json(each.job)},
                               {"run_id", each.run_id},
                               {"started", each.started},
                               {"time_is_over", each.time_is_over}};
    lines += model::dump_json(entry) + '\n';
  }
  append(lines);
}

void ResultJournal::append(const std::string& lines) {
  if (lines.empty()) {
    return;
  }
  try {
    if (!m_file) {
      open();
    }
    base::write_all(m_file.get(), lines);
    if (::fdatasync(m_file.get()) != 0) {
      throw base::SystemError("cannot write " + m_path.string());
    }
    m_failed = false;
  } catch (const base::SystemError& error) {
    if (!std::exchange(m_failed, true)) {
      m_log.warning("results that the server has not received are kept in memory only: {}", error.what());
    }
  }
}

void ResultJournal::clear() {
  std::error_code ignored;
  if (m_file) {
    std::filesystem::remove(m_path, ignored);
    m_file.reset();
  }
  for (const auto& inherited : m_inherited) {
    std::filesystem::remove(inherited.path, ignored);
  }
  m_inherited.clear();
}

bool ResultJournal::is_journal(const std::filesystem::path& path) const {
  const std::string name = path.filename().string();
  return name.starts_with(m_prefix) && name.ends_with(k_suffix) && path != m_path;
}

bool ResultJournal::any_in(const std::filesystem::path& directory) {
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(k_name) && name.ends_with(k_suffix)) {
      return true;
    }
  }
  return false;
}

ResultJournal::Left ResultJournal::take_over() {
  Left left;
  std::error_code error;
  for (std::filesystem::directory_iterator it(m_directory, error), end; !error && it != end; it.increment(error)) {
    if (!is_journal(it->path())) {
      continue;
    }
    try {
      base::Fd lock = base::open_below(m_directory, it->path().filename(), O_RDONLY);
      if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        continue;  // Its runner is alive.
      }
      auto found = left_in(base::read_all(lock.get()));
      m_log.info("an earlier runner left {} and {} to requeue in {}",
                 base::counted(std::ssize(found.results), "undelivered result"),
                 base::counted(std::ssize(found.requeues), "job"), it->path().string());
      std::move(found.results.begin(), found.results.end(), std::back_inserter(left.results));
      std::move(found.requeues.begin(), found.requeues.end(), std::back_inserter(left.requeues));
      m_inherited.push_back({.path = it->path(), .lock = std::move(lock)});
    } catch (const base::SystemError& failure) {
      m_log.warning("{}", failure.what());
    }
  }
  return left;
}

}  // namespace torc::runner
