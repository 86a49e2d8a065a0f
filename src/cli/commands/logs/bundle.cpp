#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/log_files.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/error.hpp"
#include "torc/cli/command.hpp"
#include "torc/proc/command.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string output_dir{"torc_output"};
  std::string bundle_dir{"."};
};

/// The names go to tar over its standard input: no argument list holds that many.
void pack(const fs::path& directory, const std::vector<std::string>& files, const fs::path& bundle) {
  const fs::path partial = bundle.string() + ".part";
  proc::Command tar;
  tar.argv = {
      "tar", "-czf", fs::absolute(partial).string(), "-C", directory.string(), "--null", "--verbatim-files-from",
      "-T",  "-"};
  for (const auto& file : files) {
    tar.input += "./" + file + '\0';
  }
  tar.limit = std::chrono::hours(1);
  const auto result = proc::run_command(tar);
  // 1: a file changed as it was read, which those of running jobs do.
  if (result.end != proc::CommandResult::End::exited || result.code > 1) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw base::Error(fmt::format("cannot make {}: {}", bundle.string(), result.err));
  }
  fs::rename(partial, bundle);
}

int run(const Options& options, CommandContext& context) {
  const model::Id id = context.workflow_id(options.workflow_id);
  std::error_code error;
  const bool is_there = fs::is_directory(options.output_dir, error);
  const auto [files, skipped] = is_there ? log_files(base::open_directory(options.output_dir).get(), id) : LogFiles{};
  if (!skipped.empty()) {
    context.output().note("Left out, as they are not regular files: " + skipped.text());
  }
  if (files.empty()) {
    throw base::Error(fmt::format("{} holds no log of workflow {}", options.output_dir, id));
  }
  fs::create_directories(options.bundle_dir, error);
  if (error) {
    throw base::Error(fmt::format("cannot make the directory {}: {}", options.bundle_dir, error.message()));
  }
  const fs::path bundle = fs::path(options.bundle_dir) / fmt::format("wf{}.tar.gz", id);
  pack(options.output_dir, files, bundle);
  context.output().line(fmt::format("Bundled {} file(s) of workflow {} in {}", files.size(), id, bundle.string()));
  if (context.output().json()) {
    nlohmann::json document = {{"workflow_id", id}, {"files", files.size()}, {"bundle", bundle.string()}};
    if (!skipped.empty()) {
      document["skipped"] = {{"count", skipped.count()}, {"first", skipped.texts()}};
    }
    context.output().document(document);
  }
  return k_exit_ok;
}

}  // namespace

void add_logs_bundle(Command parent, Action& chosen) {
  auto options = std::make_shared<Options>();
  const Command command =
      parent.subcommand("bundle", "Pack a workflow's logs into one archive, to be sent to somebody");
  add_optional_workflow_id(command, options->workflow_id);
  command.option("-o,--output-dir", options->output_dir, "Output directory that 'torc run' was given")
      .type_name("DIR")
      .capture_default_str();
  command.option("--bundle-dir", options->bundle_dir, "Where wfN.tar.gz goes").type_name("DIR").capture_default_str();
  command.footer(
      "Examples:\n"
      "  torc logs bundle 42\n"
      "  torc logs bundle 42 -o /data/torc_output --bundle-dir bundles\n");
  command.callback(
      [options, &chosen] { chosen = [options](CommandContext& context) { return run(*options, context); }; });
}

}  // namespace torc::cli
