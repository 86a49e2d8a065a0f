#include "cli/log_files.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>

#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;

/// A line may be as long as a job makes it; no more of it is looked at or shown.
constexpr std::size_t k_longest_line = 2'000;

struct Trouble {
  std::string_view word;  ///< In lower case.
  std::string_view kind;
};

/// The first that fits names the line: the narrower words stand before the wider ones.
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

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c); });
  return result;
}

std::optional<model::Id> number_behind(const std::string& text, std::string_view word) {
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const auto begin = at + word.size();
    const auto end = text.find_first_not_of("0123456789", begin);
    if (end != begin && begin < text.size()) {
      return base::parse_int(text.substr(begin, end == std::string::npos ? end : end - begin));
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<model::Id> workflow_of_log(const std::string& file_name) {
  if (file_name.starts_with("torc_worker_")) {
    return number_behind(file_name, "torc_worker_");
  }
  return number_behind(file_name, "_wf");
}

std::vector<fs::path> log_files(const fs::path& directory, std::optional<model::Id> workflow_id) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator it(directory, fs::directory_options::skip_permission_denied, error);
  for (; !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
    const auto owner = workflow_of_log(it->path().filename().string());
    std::error_code gone;
    if (owner && (!workflow_id || *owner == *workflow_id) && it->is_regular_file(gone)) {
      files.push_back(it->path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<LogFinding> find_trouble(const fs::path& file) {
  std::vector<LogFinding> findings;
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  for (std::int64_t number = 1; std::getline(stream, line); ++number) {
    line.resize(std::min(line.size(), k_longest_line));
    const std::string text = lower(line);
    const auto it = std::find_if(k_troubles.begin(), k_troubles.end(),
                                 [&](const Trouble& trouble) { return text.find(trouble.word) != std::string::npos; });
    if (it != k_troubles.end()) {
      findings.push_back({.kind = std::string(it->kind), .file = file, .line = number, .text = line});
    }
  }
  return findings;
}

}  // namespace torc::cli
