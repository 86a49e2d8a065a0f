#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/options/common_options.hpp"
#include "cli/parser/command_line.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
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
      output.note(fmt::format("{} holds no samples", base::printable_line(file)));
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

void add_plot_resources(Command parent, Action& chosen) {
  auto options = std::make_shared<PlotOptions>();
  const Command command = parent.subcommand("plot-resources", "Draw what jobs used, as pages for a browser");
  command.option("databases", options->databases, "resource_metrics_*.db, one or several")
      .type_name("DB")
      .check(check_not_empty)
      .required();
  command.option("-o,--output-dir", options->directory, "Where to write the pages")
      .type_name("DIR")
      .check(check_not_empty)
      .capture_default_str();
  command.option("-j,--job-ids", options->job_ids, "Only these jobs (4,7,9), and a page for each of them")
      .type_name("IDS")
      .check(check_ids)
      .allow_extra_args(false);
  command.option("-p,--prefix", options->prefix, "Put before the names of the files, with a _").type_name("PREFIX");
  command.footer(
      "Examples:\n"
      "  torc plot-resources torc_output/resource_utilization/*.db -o plots\n"
      "  torc plot-resources -j 4,7 -p slow resource_metrics_ws1_42_1.db\n"
      "A page is one file that needs no network.\n");
  command.callback([options, &chosen] {
    chosen = [options](CommandContext& context) { return plot_resources(*options, context); };
  });
}

}  // namespace torc::cli
