#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/logs/result_logs.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/table.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/units.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string status{};
  bool failed{false};
  bool include_logs{false};
  std::string output_directory{"torc_output"};
  client::ResultFilter filter{};
};

/// The failed results. The server has no such filter, so filter, offset and limit are applied here.
std::vector<model::Result> list_failed(client::Api& api, model::Id workflow_id, client::ResultFilter filter) {
  const client::Paging paging = filter.paging;
  filter.paging.offset = 0;
  filter.paging.limit.reset();
  auto results = api.list_results(workflow_id, filter).items;
  std::erase_if(results, [](const auto& result) { return result.return_code == 0; });
  const auto size = static_cast<std::int64_t>(results.size());
  const auto first = std::min(paging.offset, size);
  const auto last = first + std::min(paging.limit.value_or(size), size - first);
  return {results.begin() + first, results.begin() + last};
}

std::string bytes_text(const std::optional<std::int64_t>& bytes) {
  return bytes ? base::format_bytes(*bytes) : "-";
}

void print_table(client::Api& api, const std::vector<model::Result>& results, model::Id workflow_id,
                 const Output& output) {
  std::map<model::Id, std::string> names;
  for (const auto& job : api.list_jobs(workflow_id, {}).items) {
    names[job.id.value_or(0)] = job.name;
  }
  Table table({"ID", "Job ID", "Job Name", "Run ID", "Attempt", "Return Code", "Exec Time", "Peak Mem", "Avg CPU %",
               "Completion Time", "Status"});
  for (const auto& result : results) {
    const auto time = std::chrono::milliseconds(std::llround(result.exec_time_minutes * 60'000));
    table.add_row({std::to_string(result.id.value_or(0)), std::to_string(result.job_id), names[result.job_id],
                   std::to_string(result.run_id), std::to_string(result.attempt_id.value_or(1)),
                   std::to_string(result.return_code), base::format_duration(time),
                   bytes_text(result.peak_memory_bytes),
                   result.avg_cpu_percent ? fmt::format("{:.1f}%", *result.avg_cpu_percent) : "-",
                   result.completion_time, model::to_string(result.status)});
  }
  output.line(fmt::format("Results for workflow ID {}:", workflow_id));
  output.table(table);
  output.line(fmt::format("\nTotal: {} results", results.size()));
}

/// Whether an event has information that the columns lack: the memory use of a job that was killed for it, why a job
/// could not be started, where a job was lost, which output is missing.
bool tells_why(const std::string& event_type) {
  return event_type == "job_exceeded_memory" || event_type == "job_start_failed" || event_type == "job_lost" ||
         event_type == "job_output_missing";
}

void print_reasons(client::Api& api, const std::vector<model::Result>& results, model::Id workflow_id,
                   const Output& output) {
  const auto failed = [](const auto& result) { return result.status == model::JobStatus::failed; };
  if (std::none_of(results.begin(), results.end(), failed)) {
    return;
  }
  for (const auto& event : api.list_events(workflow_id, {.category = "job", .after_timestamp = {}}).items) {
    const auto job_id = event.data.value("job_id", model::Id{0});
    const bool shown = std::any_of(results.begin(), results.end(),
                                   [&](const auto& result) { return failed(result) && result.job_id == job_id; });
    const std::string message = event.data.value("message", "");
    if (shown && !message.empty() && tells_why(event.data.value("event_type", ""))) {
      const std::string name = fmt::format("Job {} ({})", job_id, event.data.value("job_name", ""));
      output.line(base::printable_line(message.starts_with(name) ? message : name + ": " + message));
    }
  }
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  client::ResultFilter filter = options.filter;
  if (!options.status.empty()) {
    model::parse(options.status, filter.status.emplace());
  }
  const model::Id workflow_id = context.workflow_id(options.workflow_id);
  client::Api& api = context.api();
  const auto results =
      options.failed ? list_failed(api, workflow_id, filter) : api.list_results(workflow_id, filter).items;
  if (options.include_logs) {
    // A report for programs: JSON in every output format.
    output.document(
        results_with_logs(api, api.get_workflow(workflow_id), results, filter.all_runs, options.output_directory));
  } else if (output.json()) {
    output.document({{"results", model::to_json(results)}});
  } else if (results.empty()) {
    output.line(fmt::format("No results found for workflow ID: {}", workflow_id));
  } else {
    print_table(api, results, workflow_id, output);
    print_reasons(api, results, workflow_id, output);
  }
  return k_exit_ok;
}

std::vector<OptionInfo> filter_options(Options& options) {
  auto& filter = options.filter;
  return {{.names = "-j,--job-id",
           .target = &filter.job_id,
           .value = "ID",
           .check = check_id,
           .completion = Completion::job_id,
           .help = "Only results of this job"},
          {.names = "-r,--run-id",
           .target = &filter.run_id,
           .value = "N",
           .check = check_count,
           .help = "Only results of this run"},
          {.names = "--return-code",
           .target = &filter.return_code,
           .value = "N",
           .help = "Only results with this return code"},
          {.names = "--failed", .target = &options.failed, .help = "Only results with a return code other than 0"},
          status_filter(options.status),
          {.names = "--all-runs", .target = &filter.all_runs, .help = "Include earlier runs"},
          {.names = "--compute-node",
           .target = &filter.compute_node_id,
           .value = "ID",
           .check = check_id,
           .help = "Only results of this compute node"}};
}

std::vector<OptionInfo> log_options(Options& options) {
  return {{.names = "--include-logs",
           .target = &options.include_logs,
           .help = "Print a JSON report with the file names of each job and runner"},
          {.names = "-o,--output-dir",
           .target = &options.output_directory,
           .value = "DIR",
           .default_text = options.output_directory,
           .completion = Completion::directory,
           .help = "Output directory of the runners, for --include-logs"}};
}

}  // namespace

CommandInfo results_list_command() {
  auto options = std::make_shared<Options>();
  return {.path = "results list",
          .summary = "List the results of the jobs of a workflow",
          .options = joined({workflow_id_argument(options->workflow_id)}, filter_options(*options),
                            paging_options(options->filter.paging, PagingLetters::limit_only), log_options(*options)),
          .examples = {{.command = "torc results list 42"},
                       {.command = "torc results list 42 --failed"},
                       {.command = "torc -f json results list 42 --all-runs --job-id 7"}},
          .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
