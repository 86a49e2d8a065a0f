#include "cli/parser/parse_errors.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <CLI/App.hpp>

#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

std::vector<std::string> command_names(const ParsedSoFar& parsed) {
  std::vector<std::string> names;
  for (const auto* command : commands_below(parsed.table, parsed.command.path)) {
    names.emplace_back(last_word(command->path));
  }
  return names;
}

/// Long options that are valid for a command: its own and the program's.
std::vector<std::string> option_names(const ParsedSoFar& parsed) {
  std::vector<std::string> names{"--help", "--version"};
  for (const auto* command : {&parsed.command, &parsed.table.front()}) {
    for (const auto& option : command->options) {
      if (!option.is_argument()) {
        names.push_back(option.long_name());
      }
    }
  }
  return names;
}

std::string with_help(const std::string& text, const CommandInfo& command) {
  return fmt::format("{} See '{} --help'.", text, command.full_name());
}

std::string with_closest(std::string text, const std::string& word, const std::vector<std::string>& candidates) {
  if (const auto meant = base::closest(word, candidates)) {
    return fmt::format("{}; did you mean '{}'?", text, *meant);
  }
  return text + '.';
}

/// The commands that `word`, given below `parsed.command`, may mean: listed ones; without a group, otherwise those with
/// this name in any group.
std::vector<std::string> meant_commands(const ParsedSoFar& parsed, const std::string& word) {
  const std::string words = parsed.command.path.empty() ? word : parsed.command.path + " " + word;
  std::vector<std::string> commands;
  for (const auto& suggestion : parsed.suggestions) {
    if (suggestion.words == words) {
      commands.assign(suggestion.commands.begin(), suggestion.commands.end());
      return commands;
    }
  }
  for (const auto& command : parsed.table) {
    if (parsed.command.path.empty() && !command.hidden && command.run && last_word(command.path) == word) {
      commands.push_back(command.path);
    }
  }
  return commands;
}

bool looks_like_option(const std::string& word) {
  return word.size() > 1 && word.starts_with('-');
}

std::string explain_extra(const ParsedSoFar& parsed, const std::vector<std::string>& extras) {
  const auto word = std::find_if_not(extras.begin(), extras.end(), looks_like_option);
  if (!command_names(parsed).empty() && word != extras.end()) {
    return explain_unknown_command(parsed, *word);
  }
  const auto option = std::find_if(extras.begin(), extras.end(), looks_like_option);
  if (option != extras.end()) {
    const std::string name = option->substr(0, option->find('='));
    return with_help(with_closest(fmt::format("unknown option '{}'", name), name, option_names(parsed)),
                     parsed.command);
  }
  return with_help(fmt::format("unexpected argument '{}'.", extras.front()), parsed.command);
}

bool was_given(const CLI::App& app, const OptionInfo& option) {
  const CLI::Option* parsed = app.get_option_no_throw(option.long_name());
  return parsed != nullptr && parsed->count() > 0;
}

std::string explain_required(const ParsedSoFar& parsed, const CLI::App& app, const CLI::ParseError& error) {
  for (const auto& option : parsed.command.options) {
    if (option.required && !was_given(app, option)) {
      return option.is_argument() ? fmt::format("missing argument <{}>.", option.placeholder())
                                  : fmt::format("missing option {}.", option.long_name());
    }
  }
  return fmt::format("{}.", error.what());
}

/// CLI11 writes "A requires B" and "A excludes B".
std::string explain_conflict(std::string text) {
  return base::replace_all(text, " excludes ", " cannot be used with ") + '.';
}

/// CLI11 writes "NAME: TEXT" for a failed check; arguments are shown as in the help.
std::string explain_invalid(const ParsedSoFar& parsed, std::string text) {
  constexpr std::string_view k_conversion = "Could not convert: ";
  if (text.starts_with(k_conversion)) {
    text.erase(0, k_conversion.size());
    const auto equals = text.find(" = ");
    if (equals != std::string::npos) {
      return fmt::format("{}: '{}' is not a valid value.", text.substr(0, equals), text.substr(equals + 3));
    }
  }
  if (const auto required = text.find(": 1 required "); required != std::string::npos && text.ends_with(" missing")) {
    return text.substr(0, required) + " requires a value.";
  }
  for (const auto& option : parsed.command.options) {
    if (option.is_argument() && text.starts_with(option.names + ": ")) {
      text.replace(0, option.names.size(), "<" + option.placeholder() + ">");
    }
  }
  if (!text.ends_with('.') && !text.ends_with('?')) {
    text += '.';
  }
  return text;
}

}  // namespace

const CLI::App& reached_app(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  return chosen.empty() ? app : reached_app(*chosen.back());
}

std::string explain_unknown_command(const ParsedSoFar& parsed, const std::string& word) {
  const std::string text = fmt::format("unknown command '{}'", word);
  auto meant = meant_commands(parsed, word);
  if (meant.empty()) {
    return with_help(with_closest(text, word, command_names(parsed)), parsed.command);
  }
  std::transform(meant.begin(), meant.end(), meant.begin(),
                 [](const auto& command) { return "'torc " + command + "'"; });
  return with_help(fmt::format("{}; did you mean {}?", text, base::join(meant, " or ")), parsed.command);
}

std::string explain_parse_error(const ParsedSoFar& parsed, const CLI::App& root, const CLI::ParseError& error) {
  const bool required = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
  auto extras = root.remaining(true);
  std::erase(extras, "--");
  // The value of a mistyped option looks like an argument, so the option is the one to name.
  const bool unknown_option = std::any_of(extras.begin(), extras.end(), looks_like_option);
  if (!extras.empty() && (unknown_option || required || dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr)) {
    return explain_extra(parsed, extras);
  }
  if (required) {
    return with_help(explain_required(parsed, reached_app(root), error), parsed.command);
  }
  if (dynamic_cast<const CLI::RequiresError*>(&error) != nullptr ||
      dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    return with_help(explain_conflict(error.what()), parsed.command);
  }
  return with_help(explain_invalid(parsed, error.what()), parsed.command);
}

}  // namespace torc::cli
