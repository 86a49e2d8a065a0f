#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/commands.hpp"
#include "cli/options/common_options.hpp"
#include "cli/parser/checks.hpp"
#include "cli/print/table.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

struct Options {
  std::optional<model::Id> workflow_id{};
  std::string status{};
  std::vector<std::string> excluded{};
  client::JobFilter filter{};
};

struct Column {
  const char* name;
  std::string (*cell)(const model::Job&);
};

constexpr Column k_columns[] = {
    {"ID", [](const model::Job& job) { return std::to_string(job.id.value_or(0)); }},
    {"Name", [](const model::Job& job) { return job.name; }},
    {"Status", [](const model::Job& job) { return std::string(job.status ? model::to_string(*job.status) : ""); }},
    {"Priority", [](const model::Job& job) { return std::to_string(job.priority.value_or(0)); }},
    {"Command", [](const model::Job& job) { return job.command; }},
};

void print_table(const std::vector<model::Job>& jobs, const Options& options, model::Id workflow_id,
                 const Output& output) {
  std::vector<Column> columns;
  std::vector<std::string> header;
  for (const auto& column : k_columns) {
    const std::string name = base::to_lower(column.name);
    if (std::none_of(options.excluded.begin(), options.excluded.end(),
                     [&](const auto& word) { return base::to_lower(word) == name; })) {
      columns.push_back(column);
      header.emplace_back(column.name);
    }
  }
  output.line(fmt::format("Jobs for workflow ID {}:", workflow_id));
  Table table(std::move(header));
  for (const auto& job : jobs) {
    std::vector<std::string> cells;
    cells.reserve(columns.size());
    for (const auto& column : columns) {
      cells.push_back(column.cell(job));
    }
    table.add_row(std::move(cells));
  }
  output.table(table);
  output.line(fmt::format("\nTotal: {} jobs", jobs.size()));
}

int run(const Options& options, CommandContext& context) {
  const Output& output = context.output();
  client::JobFilter filter = options.filter;
  if (!options.status.empty()) {
    model::parse(options.status, filter.status.emplace());
  }
  const model::Id workflow_id = context.workflow_id(options.workflow_id);
  const auto jobs = context.api().list_jobs(workflow_id, filter).items;
  if (output.json()) {
    output.document({{"jobs", model::to_json(jobs)}});
  } else if (jobs.empty()) {
    output.line(fmt::format("No jobs found for workflow ID: {}", workflow_id));
  } else {
    print_table(jobs, options, workflow_id, output);
  }
  return k_exit_ok;
}

std::vector<OptionInfo> filter_options(Options& options) {
  std::vector<std::string> names;
  for (const auto& column : k_columns) {
    names.emplace_back(column.name);
  }
  return {{.names = "--upstream-job-id",
           .target = &options.filter.upstream_job_id,
           .value = "ID",
           .check = check_id,
           .completion = Completion::job_id,
           .help = "Only jobs that depend on this one"},
          {.names = "--include-relationships",
           .target = &options.filter.include_relationships,
           .help = "Include the IDs of the jobs, files and user data that each job depends on and creates (JSON)"},
          {.names = "-x,--exclude",
           .target = &options.excluded,
           .value = "COLUMN",
           .choices = names,
           .ignore_case = true,
           .help = "Omit this column of the table; repeatable"}};
}

}  // namespace

CommandInfo jobs_list_command() {
  auto options = std::make_shared<Options>();
  return {
      .path = "jobs list",
      .summary = "List the jobs of a workflow",
      .options = joined({workflow_id_argument(options->workflow_id), status_filter(options->status)},
                        filter_options(*options), paging_options(options->filter.paging, PagingLetters::limit_only)),
      .examples = {{.command = "torc jobs list 42"},
                   {.command = "torc jobs list 42 --status failed"},
                   {.command = "torc -f json jobs list 42 --include-relationships"}},
      .run = [options](CommandContext& context) { return run(*options, context); }};
}

}  // namespace torc::cli
