#include "torc/workflow_file/workflow_description.hpp"

#include <algorithm>
#include <array>
#include <system_error>

#include "torc/base/file.hpp"
#include "torc/base/strings.hpp"
#include "workflow_file/draft.hpp"
#include "workflow_file/read_json.hpp"
#include "workflow_file/read_json5.hpp"
#include "workflow_file/read_yaml.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::array<std::string_view, 21> k_workflow_keys{"name",
                                                           "user",
                                                           "description",
                                                           "project",
                                                           "metadata",
                                                           "parameters",
                                                           "jobs",
                                                           "files",
                                                           "user_data",
                                                           "resource_requirements",
                                                           "failure_handlers",
                                                           "actions",
                                                           "resource_monitor",
                                                           "resource_monitor_config",
                                                           "execution_config",
                                                           "use_pending_failed",
                                                           "enable_ro_crate",
                                                           "compute_node_wait_for_new_jobs_seconds",
                                                           "compute_node_ignore_workflow_completion",
                                                           "compute_node_wait_for_healthy_database_minutes",
                                                           "compute_node_expiration_buffer_seconds"};
constexpr std::array<std::string_view, 2> k_workflow_keys_not_yet{"slurm_schedulers", "slurm_defaults"};

void check_text(std::string_view text, const std::string& name) {
  if (text.size() > k_max_file_bytes) {
    throw base::Error(fmt::format("{}: the file is larger than {} MiB", name, k_max_file_bytes >> 20U));
  }
  const auto line_of = [&](std::size_t at) {
    return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  };
  if (const auto valid = base::valid_utf8_prefix(text); valid < text.size()) {
    throw base::Error(fmt::format("{}:{}: the file is not valid UTF-8 (byte 0x{:02x})", name, line_of(valid),
                                  static_cast<unsigned char>(text[valid])));
  }
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    throw base::Error(fmt::format("{}:{}: the file contains a NUL byte", name, line_of(nul)));
  }
  if (base::trim(text).empty()) {
    throw base::Error(fmt::format("{}: the file is empty", name));
  }
}

Document read(std::string_view text, Format format, const std::string& name) {
  switch (format) {
    case Format::json:
      return read_json(text, name);
    case Format::json5:
      return read_json5(text, name);
    case Format::yaml:
      break;
  }
  return read_yaml(text, name);
}

Format format_of(const std::filesystem::path& path) {
  const std::string extension = base::to_lower(path.extension().string());
  if (extension == ".json") {
    return Format::json;
  }
  if (extension == ".json5") {
    return Format::json5;
  }
  if (extension != ".yaml" && extension != ".yml") {
    throw base::Error(
        fmt::format("{}: the format is not supported{}; a workflow file must end in .yaml, .yml, .json or .json5",
                    path.string(), extension == ".kdl" ? " yet" : ""));
  }
  return Format::yaml;
}

}  // namespace

WorkflowDescription parse_workflow(std::string_view text, Format format, const std::string& name) {
  text = base::without_byte_order_mark(text);
  check_text(text, name);
  const Document document = read(text, format, name);
  if (document.root == nullptr || document.root->kind == Node::Kind::null) {
    throw base::Error(fmt::format("{}: the file contains no workflow", name));
  }
  const Keys keys{"the workflow", k_workflow_keys, k_workflow_keys_not_yet};
  const Fields top(document, *document.root, keys);
  Draft draft;
  read_workflow(top, draft);
  read_requirements(top, draft);
  read_failure_handlers(top, draft);
  read_items(top, draft);
  read_actions(top, draft);
  read_execution(top, draft);
  link(document, draft);
  return std::move(draft.description);
}

WorkflowDescription read_workflow_file(const std::filesystem::path& path) {
  const Format format = format_of(path);
  // Checked before reading, because a device or a pipe may never end.
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    throw base::Error(path.string() + ": not a regular file");
  }
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > k_max_file_bytes) {
    throw base::Error(fmt::format("{}: the file is larger than {} MiB", path.string(), k_max_file_bytes >> 20U));
  }
  return parse_workflow(base::read_file(path), format, path.string());
}

}  // namespace torc::workflow_file
