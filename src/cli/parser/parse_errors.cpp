#include "cli/parser/parse_errors.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <CLI/App.hpp>

#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

/// "torc remote run"
std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::vector<std::string> command_names(const CLI::App& group) {
  std::vector<std::string> names;
  for (const CLI::App* command : group.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) {
      names.push_back(command->get_name());
    }
  }
  return names;
}

/// Long options that may stand in a command: its own and those of all above it.
std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* level = &command; level != nullptr; level = level->get_parent()) {
    for (const CLI::Option* option : level->get_options()) {
      for (const auto& name : option->get_lnames()) {
        names.push_back("--" + name);
      }
    }
  }
  return names;
}

/// "workflow-id" as help shows it: "<WORKFLOW_ID>"
std::string positional_name(const std::string& name) {
  std::string shown = base::replace_all(name, "-", "_");
  std::transform(shown.begin(), shown.end(), shown.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return "<" + shown + ">";
}

std::string with_suggestion(std::string text, const std::string& word, const std::vector<std::string>& candidates) {
  if (const auto meant = base::closest(word, candidates)) {
    text += fmt::format("; did you mean '{}'?", *meant);
  } else {
    text += '.';
  }
  return text;
}

bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

std::string explain_extra(const CLI::App& command, const std::vector<std::string>& extras) {
  const auto names = command_names(command);
  const auto word = std::find_if_not(extras.begin(), extras.end(), looks_like_option);
  if (!names.empty() && word != extras.end()) {
    return with_suggestion(fmt::format("unknown command '{}'", *word), *word, names);
  }
  const auto option = std::find_if(extras.begin(), extras.end(), looks_like_option);
  if (option != extras.end()) {
    const std::string name = option->substr(0, option->find('='));
    return with_suggestion(fmt::format("unknown option '{}'", name), name, option_names(command));
  }
  return fmt::format("unexpected argument '{}'.", extras.front());
}

std::string explain_required(const CLI::App& command, const CLI::ParseError& error) {
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_required() && option->count() == 0) {
      return option->get_positional() ? fmt::format("missing argument {}.", positional_name(option->get_name()))
                                      : fmt::format("missing option {}.", option->get_name());
    }
  }
  return fmt::format("{}.", error.what());
}

/// CLI11 says "NAME: TEXT" for a failed check; positional names are shown as help shows them.
std::string explain_invalid(const CLI::App& command, std::string text) {
  constexpr std::string_view k_conversion = "Could not convert: ";
  if (text.starts_with(k_conversion)) {
    text.erase(0, k_conversion.size());
    const auto equals = text.find(" = ");
    if (equals != std::string::npos) {
      return fmt::format("{}: '{}' is no valid value.", text.substr(0, equals), text.substr(equals + 3));
    }
  }
  if (const auto required = text.find(": 1 required "); required != std::string::npos && text.ends_with(" missing")) {
    return text.substr(0, required) + " needs a value.";
  }
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() && text.starts_with(option->get_name() + ": ")) {
      text.replace(0, option->get_name().size(), positional_name(option->get_name()));
    }
  }
  if (!text.ends_with('.') && !text.ends_with('?')) {
    text += '.';
  }
  return text;
}

}  // namespace

CLI::App& reached_command(CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : reached_command(*chosen.back());
}

std::string explain_parse_error(CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = reached_command(app);
  auto extras = app.remaining(true);
  std::erase(extras, "--");
  // A mistyped option makes its value look like an argument: the option is what has to be told.
  const bool unknown_option = std::any_of(extras.begin(), extras.end(), looks_like_option);
  std::string text;
  if (!extras.empty() && (unknown_option || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr ||
                          dynamic_cast<const CLI::RequiredError*>(&error) != nullptr)) {
    text = explain_extra(command, extras);
  } else if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    text = explain_required(command, error);
  } else {
    text = explain_invalid(command, error.what());
  }
  return fmt::format("{} See '{} --help'.", text, full_name(command));
}

}  // namespace torc::cli
