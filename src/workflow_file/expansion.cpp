#include <algorithm>
#include <array>
#include <functional>
#include <optional>

#include "workflow_file/draft.hpp"
#include "workflow_file/node_json.hpp"

namespace torc::workflow_file {
namespace {

constexpr std::array<std::string_view, 5> k_file_keys{"name", "path", "parameters", "parameter_mode", "use_parameters"};
constexpr std::array<std::string_view, 6> k_user_data_keys{"name",       "data",           "is_ephemeral",
                                                           "parameters", "parameter_mode", "use_parameters"};
constexpr std::array<std::string_view, 22> k_job_keys{"name",
                                                      "command",
                                                      "invocation_script",
                                                      "priority",
                                                      "resource_requirements",
                                                      "failure_handler",
                                                      "depends_on",
                                                      "depends_on_regexes",
                                                      "input_files",
                                                      "input_file_regexes",
                                                      "output_files",
                                                      "output_file_regexes",
                                                      "input_user_data",
                                                      "input_user_data_regexes",
                                                      "output_user_data",
                                                      "output_user_data_regexes",
                                                      "cancel_on_blocking_job_failure",
                                                      "supports_termination",
                                                      "stdio",
                                                      "parameters",
                                                      "parameter_mode",
                                                      "use_parameters"};
constexpr std::array<std::string_view, 1> k_job_keys_not_yet{"scheduler"};
constexpr Keys k_file{"a file", k_file_keys};
constexpr Keys k_user_data{"a user data record", k_user_data_keys};
constexpr Keys k_job{"a job", k_job_keys, k_job_keys_not_yet};
constexpr std::array<std::string_view, 2> k_parameter_modes{"product", "zip"};

constexpr std::size_t k_max_parameters = 100;

/// Expands the files, user data and jobs of one workflow file, and enforces their limits.
class Expander {
 public:
  Expander(const Fields& top, Draft& draft) : m_document(top.document()), m_draft(draft) {
    if (const Node* shared = top.find("parameters")) {
      m_shared = parse_parameters(m_document, *shared);
    }
  }

  void file(const Node& node) {
    const Fields fields(m_document, node, k_file);
    const FileDescription pattern{.name = fields.required_text("name"), .path = fields.required_text("path")};
    ++m_draft.description.file_count_before_expansion;
    each_combination(fields, m_draft.description.files.size(), "files", [&](const Fill& fill) {
      m_draft.description.files.push_back({.name = fill(pattern.name), .path = fill(pattern.path)});
      m_draft.file_nodes.push_back(&node);
    });
  }

  void user_data(const Node& node) {
    const Fields fields(m_document, node, k_user_data);
    const std::string name = fields.required_text("name");
    const auto is_ephemeral = fields.boolean("is_ephemeral");
    const Node* data = fields.find("data");
    each_combination(fields, m_draft.description.user_data.size(), "user data records", [&](const Fill& fill) {
      UserDataDescription& made = m_draft.description.user_data.emplace_back();
      m_draft.user_data_nodes.push_back(&node);
      made.name = fill(name);
      made.is_ephemeral = is_ephemeral;
      if (data != nullptr) {
        spend(data->weight * static_cast<std::int64_t>(sizeof(nlohmann::json)));
        made.data = json_of(m_document, *data, fill);
      }
    });
  }

  void job(const Node& node) {
    const Fields fields(m_document, node, k_job);
    const JobDescription pattern = read_job(fields);
    const std::vector<JobRegex> regexes = read_regexes(fields);
    ++m_draft.description.job_count_before_expansion;
    each_combination(fields, m_draft.description.jobs.size(), "jobs", [&](const Fill& fill) {
      JobDescription job = pattern;
      job.name = fill(pattern.name);
      job.command = fill(pattern.command);
      job.invocation_script = fill_optional(pattern.invocation_script, fill);
      job.resource_requirements = fill_optional(pattern.resource_requirements, fill);
      job.failure_handler = fill_optional(pattern.failure_handler, fill);
      for (const auto& list : k_name_lists) {
        for (auto& name : job.*list.names) {
          name = fill(name);
        }
      }
      std::vector<JobRegex> filled = regexes;
      for (auto& regex : filled) {
        regex.text = fill(regex.text);
      }
      m_draft.description.jobs.push_back(std::move(job));
      m_draft.job_regexes.push_back(std::move(filled));
      m_draft.job_nodes.push_back(&node);
    });
  }

 private:
  using Fill = std::function<std::string(const std::string&)>;

  static JobDescription read_job(const Fields& fields) {
    JobDescription job;
    job.name = fields.required_text("name");
    job.command = fields.required_text("command");
    job.invocation_script = fields.text("invocation_script");
    job.priority = fields.integer("priority", 0);
    job.cancel_on_blocking_job_failure = fields.boolean("cancel_on_blocking_job_failure");
    job.supports_termination = fields.boolean("supports_termination");
    job.resource_requirements = fields.text("resource_requirements");
    job.failure_handler = fields.text("failure_handler");
    for (const auto& list : k_name_lists) {
      job.*list.names = fields.texts(list.key);
    }
    return job;
  }

  static std::vector<JobRegex> read_regexes(const Fields& fields) {
    std::vector<JobRegex> regexes;
    for (std::size_t list = 0; list < k_name_lists.size(); ++list) {
      std::size_t item = 0;
      for (auto& text : fields.texts(k_name_lists[list].regexes_key)) {
        regexes.push_back({list, item++, std::move(text)});
      }
    }
    return regexes;
  }

  static std::optional<std::string> fill_optional(const std::optional<std::string>& text, const Fill& fill) {
    return text ? std::optional(fill(*text)) : std::nullopt;
  }

  /// Calls `make` for each combination of the item's parameters, with a function that inserts their values.
  /// @param there  The number of existing items of this kind.
  void each_combination(const Fields& fields, std::size_t there, const char* kind,
                        const std::function<void(const Fill&)>& make) {
    try {
      const Combinations combinations = combinations_of(fields);
      if (static_cast<std::int64_t>(there) + combinations.count() > k_max_expanded) {
        throw ParameterError(fmt::format("the workflow has more than {} {}", k_max_expanded, kind));
      }
      for (std::int64_t i = 0; i < combinations.count(); ++i) {
        make([&](const std::string& text) { return spend(combinations.substitute(text, i)); });
      }
    } catch (const ParameterError& error) {
      fail(m_document, fields.node(), std::string_view(error.what()));
    }
  }

  Combinations combinations_of(const Fields& fields) const {
    const auto mode = fields.choice("parameter_mode", k_parameter_modes);
    std::vector<Parameter> parameters = selected(fields);
    if (const Node* own = fields.find("parameters")) {
      for (auto& parameter : parse_parameters(m_document, *own)) {
        add_or_replace(parameters, std::move(parameter));
      }
    }
    if (parameters.size() > k_max_parameters) {
      throw ParameterError(fmt::format("more than {} parameters", k_max_parameters));
    }
    return {std::move(parameters), mode == "zip"};
  }

  /// The shared parameters that the item lists in use_parameters, in that order.
  std::vector<Parameter> selected(const Fields& fields) const {
    std::vector<Parameter> parameters;
    const auto members = fields.list("use_parameters");
    const auto names = fields.texts("use_parameters");
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto found = std::find_if(m_shared.begin(), m_shared.end(),
                                      [&](const Parameter& parameter) { return parameter.name == names[i]; });
      if (found == m_shared.end()) {
        fail(m_document, *members[i].value, "'use_parameters' names '{}', which is not among the workflow's parameters",
             shown(names[i]));
      }
      add_or_replace(parameters, *found);
    }
    return parameters;
  }

  static void add_or_replace(std::vector<Parameter>& parameters, Parameter parameter) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&](const Parameter& other) { return other.name == parameter.name; });
    if (found == parameters.end()) {
      parameters.push_back(std::move(parameter));
    } else {
      *found = std::move(parameter);
    }
  }

  std::string spend(std::string text) {
    spend(static_cast<std::int64_t>(text.size() + sizeof text));
    return text;
  }

  void spend(std::int64_t bytes) {
    m_bytes += bytes;
    if (m_bytes > k_max_expanded_bytes) {
      throw ParameterError(
          fmt::format("the expanded jobs and files need more than {} MiB", k_max_expanded_bytes >> 20U));
    }
  }

  const Document& m_document;
  Draft& m_draft;
  std::vector<Parameter> m_shared{};
  std::int64_t m_bytes{0};
};

}  // namespace

void read_items(const Fields& top, Draft& draft) {
  Expander expander(top, draft);
  for (const auto& member : top.list("files")) {
    expander.file(*member.value);
  }
  for (const auto& member : top.list("user_data")) {
    expander.user_data(*member.value);
  }
  if (top.find("jobs") == nullptr) {
    fail(top.document(), top.node(), "'jobs' is missing in the workflow");
  }
  for (const auto& member : top.list("jobs")) {
    expander.job(*member.value);
  }
}

}  // namespace torc::workflow_file
