#include "cli/logs/log_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

constexpr std::size_t k_max_shown = 2'000;
/// How much of a long line is shown before the words that indicate the problem.
constexpr std::size_t k_shown_before = 200;

struct Trouble {
  std::string_view word;  ///< Lowercase.
  std::string_view kind;
};

/// The first match determines the kind of a line, so specific words come before general ones.
constexpr std::array<Trouble, 16> k_troubles{{
    {"out of memory", "out of memory"},
    {"oom-kill", "out of memory"},
    {"cannot allocate memory", "out of memory"},
    {"memoryerror", "out of memory"},
    {"bad_alloc", "out of memory"},
    {"no space left on device", "disk full"},
    {"disk quota exceeded", "disk full"},
    {"segmentation fault", "crash"},
    {"core dumped", "crash"},
    {"permission denied", "permission denied"},
    {"command not found", "command not found"},
    {"no such file or directory", "missing file"},
    {"traceback (most recent call last)", "exception"},
    {"exception", "exception"},
    {"timed out", "timed out"},
    {"error", "error"},
}};

std::optional<model::Id> number_behind(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    const auto begin = at + word.size();
    const auto end = text.find_first_not_of("0123456789", begin);
    if (end != begin && begin < text.size()) {
      return base::parse_int(text.substr(begin, end == std::string_view::npos ? end : end - begin));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<model::Id> workflow_of_log(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  if (name.starts_with("torc_worker_")) {
    return number_behind(name, "torc_worker_");
  }
  return number_behind(name, "_wf");
}

void for_each_log(int directory, std::optional<model::Id> workflow_id,
                  const std::function<void(const base::FoundFile&)>& visit, base::ShortList& skipped) {
  base::walk_beneath(
      directory,
      [&](const base::FoundFile& file) {
        const auto owner = workflow_of_log(file.path);
        if (owner && (!workflow_id || *owner == *workflow_id)) {
          visit(file);
        }
      },
      [&](const std::string& path, const std::string& why) {
        skipped.add(fmt::format("directory {} ({})", path.empty() ? "." : path, why));
      });
}

LogFiles log_files(int directory, model::Id workflow_id) {
  LogFiles result;
  for_each_log(
      directory, workflow_id,
      [&](const base::FoundFile& file) {
        if (S_ISREG(file.mode)) {
          result.paths.push_back(file.path);
        } else {
          result.skipped.add(fmt::format("{} {}", base::file_type_name(file.mode), file.path));
        }
      },
      result.skipped);
  std::sort(result.paths.begin(), result.paths.end());
  return result;
}

void WorkflowIds::add(model::Id id) {
  m_ids.insert(id);
  if (m_ids.size() > k_most + 1) {
    m_ids.erase(std::prev(m_ids.end()));
  }
}

std::string WorkflowIds::text() const {
  const auto shown = std::min(m_ids.size(), k_most);
  return fmt::format("{}{}",
                     fmt::join(m_ids.begin(), std::next(m_ids.begin(), static_cast<std::ptrdiff_t>(shown)), ", "),
                     m_ids.size() > k_most ? ", ..." : "");
}

void TroubleReport::add(std::string_view kind, LogFinding finding) {
  OfKind& of_kind = m_kinds[std::string(kind)];
  ++of_kind.count;
  of_kind.first.insert(std::move(finding));
  if (of_kind.first.size() > k_lines_of_a_kind) {
    of_kind.first.erase(std::prev(of_kind.first.end()));
  }
}

void TroubleFinder::add(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const auto part = piece.substr(0, end);
    m_line += part.substr(0, k_longest_line - std::min(k_longest_line, m_line.size()));
    if (end == std::string_view::npos) {
      return;
    }
    end_line();
    piece.remove_prefix(end + 1);
  }
}

void TroubleFinder::finish() {
  if (!m_line.empty()) {
    end_line();
  }
}

void TroubleFinder::end_line() {
  const std::string text = base::to_lower(m_line);
  for (const auto& trouble : k_troubles) {
    const auto at = text.find(trouble.word);
    if (at != std::string::npos) {
      const bool is_late = at + trouble.word.size() > k_max_shown;
      m_report.add(
          trouble.kind,
          {.file = m_file, .line = m_number, .text = m_line.substr(is_late ? at - k_shown_before : 0, k_max_shown)});
      break;
    }
  }
  m_line.clear();
  ++m_number;
}

void find_trouble(int fd, TroubleFinder& finder) {
  std::vector<char> buffer(std::size_t{1} << 16U);
  off_t at = 0;
  for (;;) {
    const off_t data = ::lseek(fd, at, SEEK_DATA);
    if (data < 0 && errno == ENXIO) {
      break;  // Only a hole is left.
    }
    at = data < 0 ? at : data;  // Not every file system reports holes.
    const ssize_t count = ::pread(fd, buffer.data(), buffer.size(), at);
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw base::SystemError("cannot read a log");
    }
    if (count == 0) {
      break;
    }
    finder.add({buffer.data(), static_cast<std::size_t>(count)});
    at += count;
  }
  finder.finish();
}

}  // namespace torc::cli
