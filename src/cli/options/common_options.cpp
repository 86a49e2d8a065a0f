#include "cli/options/common_options.hpp"

#include "cli/parser/checks.hpp"

namespace torc::cli {

OptionInfo workflow_id_argument(std::optional<model::Id>& target) {
  return {.names = "workflow-id",
          .target = &target,
          .check = check_id,
          .completion = Completion::workflow_id,
          .help = "ID of the workflow; if omitted, you choose from a list"};
}

OptionInfo status_filter(std::string& status) {
  std::vector<std::string> names;
  for (const auto each : model::k_job_statuses) {
    names.emplace_back(model::to_string(each));
  }
  return {.names = "-s,--status",
          .target = &status,
          .value = "STATUS",
          .choices = names,
          .help = "Only jobs with this status"};
}

OptionInfo output_directory_option(std::string& directory) {
  return {.names = "-o,--output-dir",
          .target = &directory,
          .value = "DIR",
          .check = check_not_empty,
          .default_text = directory,
          .completion = Completion::directory,
          .help = "Directory for the output of jobs and the runner's log"};
}

OptionInfo shell_option(std::optional<std::string>& shell) {
  return {.names = "--shell",
          .target = &shell,
          .value = "SHELL",
          .check = check_not_empty,
          .completion = Completion::program,
          .help =
              "Program that runs the command lines of jobs, actions and recovery scripts, as SHELL -c LINE (default: "
              "bash, or sh where bash is not installed)"};
}

OptionInfo raw_option(bool& raw) {
  return {.names = "--raw", .target = &raw, .help = "Do not escape control characters on a terminal"};
}

std::vector<OptionInfo> paging_options(client::Paging& paging, PagingLetters letters) {
  const bool all = letters == PagingLetters::all;
  return {{.names = "-l,--limit",
           .target = &paging.limit,
           .value = "N",
           .check = check_count,
           .help = "Maximum number of rows (default: all)"},
          {.names = all ? "-o,--offset" : "--offset",
           .target = &paging.offset,
           .value = "N",
           .check = check_count,
           .default_text = "0",
           .help = "Number of rows to skip"},
          {.names = all ? "-s,--sort-by" : "--sort-by",
           .target = &paging.sort_by,
           .value = "FIELD",
           .help = "Field to sort by"},
          {.names = all ? "-r,--reverse-sort" : "--reverse-sort",
           .target = &paging.reverse_sort,
           .help = "Sort in descending order"}};
}

}  // namespace torc::cli
