#include <filesystem>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/logs/log_files.hpp"
#include "cli/options/common_options.hpp"
#include "torc/base/error.hpp"
#include "torc/proc/command.hpp"

namespace torc::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string output_dir{"torc_output"};
  std::string bundle_dir{"."};
};

/// Passes the names to tar over its standard input, since an argument list could be too short for them.
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
  // 1: a file changed while it was read, as files of running jobs may.
  if (result.end != proc::CommandResult::End::exited || result.code > 1) {
    std::error_code ignored;
    fs::remove(partial, ignored);
    throw base::Error(fmt::format("cannot create {}: {}", bundle.string(), result.err));
  }
  fs::rename(partial, bundle);
}

int run(const Options& options, CommandContext& context) {
  const model::Id id = context.workflow_id(options.workflow_id);
  std::error_code error;
  const bool is_there = fs::is_directory(options.output_dir, error);
  const auto [files, skipped] = is_there ? log_files(base::open_directory(options.output_dir).get(), id) : LogFiles{};
  if (!skipped.empty()) {
    context.output().note("Not included because they are not regular files: " + skipped.text());
  }
  if (files.empty()) {
    throw base::Error(fmt::format("{} contains no logs of workflow {}", options.output_dir, id));
  }
  fs::create_directories(options.bundle_dir, error);
  if (error) {
    throw base::Error(fmt::format("cannot create the directory {}: {}", options.bundle_dir, error.message()));
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

CommandInfo logs_bundle_command() {
  auto options = std::make_shared<Options>();
  return {.path = "logs bundle",
          .summary = "Pack the logs of a workflow into one archive",
          .options = {workflow_id_argument(options->workflow_id),
                      {.names = "-o,--output-dir",
                       .target = &options->output_dir,
                       .value = "DIR",
                       .default_text = options->output_dir,
                       .completion = Completion::directory,
                       .help = "Output directory of 'torc run'"},
                      {.names = "--bundle-dir",
                       .target = &options->bundle_dir,
                       .value = "DIR",
                       .default_text = options->bundle_dir,
                       .completion = Completion::directory,
                       .help = "Directory for the bundle"}},
          .examples = {{.command = "torc logs bundle 42"},
                       {.command = "torc logs bundle 42 -o /data/torc_output --bundle-dir bundles"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
