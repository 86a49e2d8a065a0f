#include "runner/result_journal.hpp"

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
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::runner {
namespace {

constexpr std::string_view k_suffix = ".jsonl";

/// A line that was cut off when its runner, or the machine, ended is no result.
std::vector<model::Result> results_in(const std::string& text) {
  std::vector<model::Result> results;
  for (const auto& line : base::split_lines(text)) {
    try {
      results.push_back(model::from_json<model::Result>(nlohmann::json::parse(line)));
    } catch (const std::exception&) {
      continue;
    }
  }
  return results;
}

}  // namespace

ResultJournal::ResultJournal(std::filesystem::path directory, std::string server_id, model::Id workflow_id,
                             std::string key, RunnerLog& log)
    : m_directory(std::move(directory)),
      m_prefix(fmt::format("undelivered_results_{}_wf{}_", server_id, workflow_id)),
      m_path(m_directory / fmt::format("{}{}_{:08x}{}", m_prefix, key, base::random64() & 0xffff'ffffU, k_suffix)),
      m_log(log) {}

void ResultJournal::open() {
  m_file = base::open_file(m_path, O_WRONLY | O_CREAT | O_APPEND);
  if (::flock(m_file.get(), LOCK_EX | LOCK_NB) != 0) {
    throw base::SystemError("cannot lock " + m_path.string());
  }
  // The file's name is part of the directory.
  base::sync_directory(m_directory);
}

void ResultJournal::add(const std::vector<model::Result>& results) {
  if (results.empty()) {
    return;
  }
  std::string text;
  for (const auto& result : results) {
    text += model::dump_json(model::to_json(result)) + '\n';
  }
  try {
    if (!m_file) {
      open();
    }
    base::write_all(m_file.get(), text);
    if (::fdatasync(m_file.get()) != 0) {
      throw base::SystemError("cannot write " + m_path.string());
    }
    m_failed = false;
  } catch (const base::SystemError& error) {
    if (!std::exchange(m_failed, true)) {
      m_log.warning("results that the server has not got yet are kept in memory only: {}", error.what());
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

std::vector<model::Result> ResultJournal::take_over() {
  std::vector<model::Result> results;
  std::error_code error;
  for (std::filesystem::directory_iterator it(m_directory, error), end; !error && it != end; it.increment(error)) {
    if (!is_journal(it->path())) {
      continue;
    }
    try {
      base::Fd lock = base::open_file(it->path(), O_RDONLY);
      if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        continue;  // Its runner lives.
      }
      auto found = results_in(base::read_file(it->path()));
      m_log.info("{} results that an earlier runner could not hand in are in {}", found.size(), it->path().string());
      std::move(found.begin(), found.end(), std::back_inserter(results));
      m_inherited.push_back({.path = it->path(), .lock = std::move(lock)});
    } catch (const base::SystemError& failure) {
      m_log.warning("{}", failure.what());
    }
  }
  return results;
}

}  // namespace torc::runner
