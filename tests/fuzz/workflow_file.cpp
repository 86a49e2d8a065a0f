// The workflow file. The first byte selects whether the rest is YAML, JSON or JSON5.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_set>

#include "fuzz/check.hpp"
#include "torc/base/error.hpp"
#include "torc/workflow_file/workflow_description.hpp"

namespace torc::fuzz {
namespace {

/// Checks what a description guarantees to the code that creates the workflow.
void check_spec(const workflow_file::WorkflowDescription& description) {
  std::unordered_set<std::string> jobs;
  std::unordered_set<std::string> files;
  std::unordered_set<std::string> user_data;
  std::unordered_set<std::string> handlers;
  for (const auto& job : description.jobs) {
    check(jobs.insert(job.name).second, "job names are unique", job.name);
  }
  for (const auto& file : description.files) {
    check(files.insert(file.name).second, "file names are unique", file.name);
  }
  for (const auto& record : description.user_data) {
    check(user_data.insert(record.name).second, "names of user data are unique", record.name);
  }
  for (const auto& handler : description.failure_handlers) {
    check(handlers.insert(handler.name).second, "names of failure handlers are unique", handler.name);
  }
  for (const auto& action : description.actions) {
    for (const auto& name : action.jobs) {
      check(jobs.count(name) == 1, "an action's jobs exist", name);
    }
  }
  for (const auto& job : description.jobs) {
    check(!job.failure_handler || handlers.count(*job.failure_handler) == 1, "failure handlers exist", job.name);
    for (const auto* names : {&job.input_user_data, &job.output_user_data}) {
      for (const auto& name : *names) {
        check(user_data.count(name) == 1, "user data exist", name);
      }
    }
    for (const auto& name : job.depends_on) {
      check(name != job.name && jobs.count(name) == 1, "a job depends on other jobs that exist", name);
    }
    for (const auto* names : {&job.input_files, &job.output_files}) {
      for (const auto& name : *names) {
        check(files.count(name) == 1, "files exist", name);
      }
    }
  }
}

}  // namespace
}  // namespace torc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) {
    return 0;
  }
  using torc::workflow_file::Format;
  constexpr std::array<Format, 3> k_formats{Format::yaml, Format::json, Format::json5};
  const auto format = k_formats.at(data[0] % k_formats.size());
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  try {
    torc::fuzz::check_spec(torc::workflow_file::parse_workflow(text, format, "workflow"));
  } catch (const torc::base::Error& error) {
    torc::fuzz::check(*error.what() != '\0', "an error has words");
  }
  return 0;
}
