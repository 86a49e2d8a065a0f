#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/parser/checks.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/metrics/pages.hpp"

namespace torc::cli {
namespace {

struct PlotOptions {
  std::vector<std::string> databases{};
  std::string directory{"."};
  std::vector<std::string> job_ids{};
  std::string prefix{};
};

std::string check_ids(const std::string& text) {
  for (const auto& word : base::split(text, ',')) {
    if (std::string problem = check_id(std::string(base::trim(word))); !problem.empty()) {
      return problem;
    }
  }
  return "";
}

std::vector<std::int64_t> parse_ids(const std::vector<std::string>& texts) {
  std::set<std::int64_t> ids;
  for (const auto& text : texts) {
    for (const auto& word : base::split(text, ',')) {
      ids.insert(base::parse_int(base::trim(word)).value_or(0));
    }
  }
  return {ids.begin(), ids.end()};
}

std::vector<metrics::Recording> read_all(const std::vector<std::string>& files,
                                         const std::vector<std::int64_t>& job_ids, const Output& output) {
  metrics::ReadOptions options{.job_ids = job_ids};
  options.most_points /= files.size();
  std::vector<metrics::Recording> recordings;
  for (const auto& file : files) {
    recordings.push_back(metrics::read_recording(file, options));
    if (recordings.back().empty() && files.size() > 1 && job_ids.empty()) {
      output.note(fmt::format("{} contains no samples", base::printable_line(file)));
    }
  }
  return recordings;
}

int plot_resources(const PlotOptions& options, CommandContext& context) {
  const Output& output = context.output();
  const auto job_ids = parse_ids(options.job_ids);
  const auto recordings = read_all(options.databases, job_ids, output);
  const auto files =
      metrics::write_pages(recordings, {.directory = options.directory, .prefix = options.prefix, .job_ids = job_ids});
  auto names = nlohmann::json::array();
  for (const auto& file : files) {
    output.line("Wrote " + base::printable_line(file.string()));
    names.push_back(file.string());
  }
  if (output.json()) {
    output.document({{"files", std::move(names)}});
  }
  return k_exit_ok;
}

}  // namespace

CommandInfo plot_resources_command() {
  auto options = std::make_shared<PlotOptions>();
  return {.path = "plot-resources",
          .summary = "Draw the resource usage of jobs and machines as HTML pages",
          .description = "Each page is a single file that works without network.",
          .options = {{.names = "databases",
                       .target = &options->databases,
                       .check = check_not_empty,
                       .completion = Completion::file,
                       .required = true,
                       .help = "Metrics databases: resource_metrics_*.db"},
                      {.names = "-o,--output-dir",
                       .target = &options->directory,
                       .value = "DIR",
                       .check = check_not_empty,
                       .default_text = options->directory,
                       .completion = Completion::directory,
                       .help = "Directory for the pages"},
                      {.names = "-j,--job-ids",
                       .target = &options->job_ids,
                       .value = "IDS",
                       .check = check_ids,
                       .completion = Completion::job_id,
                       .help = "Only these jobs (4,7,9), with a page for each"},
                      {.names = "-p,--prefix",
                       .target = &options->prefix,
                       .value = "PREFIX",
                       .help = "Prefix for the file names, followed by _"}},
          .examples = {{.command = "torc plot-resources torc_output/resource_utilization/*.db -o plots"},
                       {.command = "torc plot-resources -j 4,7 -p slow resource_metrics_ws1_42_1.db"}},
          .run = [options](CommandContext& context) { return plot_resources(*options, context); }};
}

}  // namespace torc::cli
