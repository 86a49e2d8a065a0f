#include "cli/print/command_json.hpp"

#include <string>

#include "cli/parser/help.hpp"

namespace torc::cli {
namespace {

const char* completion_name(Completion completion) {
  switch (completion) {
    case Completion::file:
      return "file";
    case Completion::directory:
      return "directory";
    case Completion::workflow_id:
      return "workflow_id";
    case Completion::job_id:
      return "job_id";
    case Completion::worker:
      return "worker";
    case Completion::program:
      return "program";
    case Completion::torc_command:
      return "torc_command";
    case Completion::none:
      break;
  }
  return "none";
}

nlohmann::json option_json(const OptionInfo& option) {
  nlohmann::json json{{"names", option.all_names()},          {"help", option.help},
                      {"argument", option.is_argument()},     {"required", option.required},
                      {"repeatable", option.is_repeatable()}, {"hidden", option.hidden}};
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) {
      json[key] = value;
    }
  };
  add("value", option.placeholder());
  add("default", option.default_text);
  add("env", option.env);
  add("needs", option.needs);
  if (!option.choices.empty()) {
    json["choices"] = option.choices;
  }
  if (!option.excludes.empty()) {
    json["excludes"] = option.excludes;
  }
  if (option.range) {
    json["range"] = {option.range->least, option.range->most};
  }
  if (option.completion != Completion::none) {
    json["completion"] = completion_name(option.completion);
  }
  return json;
}

nlohmann::json command_json(const CommandTable& table, const CommandInfo& command) {
  auto options = nlohmann::json::array();
  for (const auto& option : command.options) {
    options.push_back(option_json(option));
  }
  auto examples = nlohmann::json::array();
  for (const auto& example : command.examples) {
    examples.push_back({{"comment", example.comment}, {"command", example.command}});
  }
  return {{"path", command.path},
          {"summary", command.summary},
          {"description", command.description},
          {"usage", usage_line(table, command)},
          {"is_group", !command.run},
          {"hidden", command.hidden},
          {"options", options},
          {"examples", examples}};
}

bool is_below(std::string_view path, std::string_view above) {
  return above.empty() || path == above || (path.starts_with(above) && path[above.size()] == ' ');
}

}  // namespace

nlohmann::json commands_json(const CommandTable& table, std::string_view path) {
  auto commands = nlohmann::json::array();
  for (const auto& command : table) {
    if (is_below(command.path, path)) {
      commands.push_back(command_json(table, command));
    }
  }
  return commands;
}

}  // namespace torc::cli
