#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command_line.hpp"
#include "cli/common_options.hpp"
#include "cli/log_files.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
#include "torc/proc/command.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;

/// Of a job that fails in a loop, the first lines tell as much as all.
constexpr std::size_t k_lines_of_a_kind = 20;

struct Options {
  std::string path{};
  std::optional<model::Id> workflow_id{};
};

/// A directory that goes with this object.
class UnpackedBundle {
 public:
  explicit UnpackedBundle(const fs::path& archive) {
    std::string name = (fs::temp_directory_path() / "torc-logs-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw base::SystemError("cannot make a directory " + name);
    }
    m_path = name;
    proc::Command tar;
    tar.argv = {"tar", "-xzf", archive.string(), "--no-same-owner", "-C", name};
    tar.limit = std::chrono::hours(1);
    const auto result = proc::run_command(tar);
    if (!result.ok()) {
      remove();
      throw base::Error(fmt::format("cannot unpack {}: {}", archive.string(), base::trim(result.err)));
    }
  }
  UnpackedBundle(const UnpackedBundle&) = delete;
  UnpackedBundle& operator=(const UnpackedBundle&) = delete;
  ~UnpackedBundle() { remove(); }

  const fs::path& path() const { return m_path; }

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(m_path, ignored);
  }

  fs::path m_path;
};

/// @throws UsageError where several workflows are there and none was named
std::vector<fs::path> files_to_read(const fs::path& directory, const Options& options) {
  auto files = log_files(directory, options.workflow_id);
  std::set<model::Id> workflows;
  for (const auto& file : files) {
    workflows.insert(workflow_of_log(file.filename().string()).value_or(0));
  }
  if (workflows.size() > 1) {
    throw base::UsageError(fmt::format("{} holds logs of workflows {}: name one with --workflow-id", options.path,
                                       fmt::join(workflows, ", ")));
  }
  if (files.empty()) {
    throw base::Error(options.workflow_id
                          ? fmt::format("{} holds no log of workflow {}", options.path, *options.workflow_id)
                          : options.path + " holds no log of a workflow");
  }
  return files;
}

int analyze(const fs::path& directory, const Options& options, const Output& output) {
  const auto files = files_to_read(directory, options);
  std::map<std::string, std::vector<LogFinding>> by_kind;
  for (const auto& file : files) {
    for (auto& finding : find_trouble(file)) {
      by_kind[finding.kind].push_back(std::move(finding));
    }
  }
  auto kinds = nlohmann::json::array();
  for (const auto& [kind, findings] : by_kind) {
    output.line(fmt::format("{}: {} line(s)", kind, findings.size()));
    auto lines = nlohmann::json::array();
    for (std::size_t i = 0; i < std::min(findings.size(), k_lines_of_a_kind); ++i) {
      const auto& each = findings[i];
      const std::string name = each.file.lexically_relative(directory).string();
      output.line(fmt::format("  {}:{}: {}", name, each.line, base::printable(each.text)));
      lines.push_back({{"file", name}, {"line", each.line}, {"text", each.text}});
    }
    if (findings.size() > k_lines_of_a_kind) {
      output.line(fmt::format("  ... and {} more", findings.size() - k_lines_of_a_kind));
    }
    kinds.push_back({{"kind", kind}, {"count", findings.size()}, {"lines", std::move(lines)}});
  }
  output.line(fmt::format("{} file(s) read, {}", files.size(),
                          by_kind.empty() ? "nothing that looks like trouble" : "what is above looks like trouble"));
  if (output.json()) {
    output.document({{"files", files.size()}, {"findings", std::move(kinds)}});
  }
  return k_exit_ok;
}

int run(const Options& options, Services& services) {
  if (fs::is_directory(options.path)) {
    return analyze(options.path, options, services.output());
  }
  if (!fs::exists(options.path)) {
    throw base::Error(options.path + ": there is no such file or directory");
  }
  const UnpackedBundle bundle(options.path);
  return analyze(bundle.path(), options, services.output());
}

}  // namespace

void add_logs_analyze(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command = parent.subcommand("analyze", "Look through logs, or a bundle of them, for what went wrong");
  command.option("path", options->path, "A bundle (.tar.gz), an archive of 'remote collect-logs', or a directory")
      .required()
      .type_name("");
  command.option("-w,--workflow-id", options->workflow_id, "Where the directory holds logs of several workflows")
      .type_name("ID");
  command.footer(
      "Examples:\n"
      "  torc logs analyze wf42.tar.gz\n"
      "  torc logs analyze torc_output --workflow-id 42\n");
  command.callback([options, &chosen] { chosen = [options](Services& services) { return run(*options, services); }; });
}

}  // namespace torc::cli
