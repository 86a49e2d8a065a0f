#include "cli/parser/help.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

constexpr std::size_t k_width = 80;
/// The text of longer names begins on the next line.
constexpr std::size_t k_max_text_column = 30;

/// A name and the words of its text; lines may break between the words.
struct Entry {
  std::string name{};
  std::vector<std::string> text{};
};

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words = base::split(text, ' ');
  std::erase(words, "");
  return words;
}

/// Appends words in lines that end before `k_width`. The first line starts at the current end of the text.
std::string wrap(const std::vector<std::string>& words, std::size_t indent) {
  std::string text;
  std::size_t column = indent;
  for (const auto& word : words) {
    if (text.empty()) {
      text = word;
    } else if (column + 1 + word.size() > k_width) {
      text += '\n' + std::string(indent, ' ') + word;
      column = indent;
    } else {
      text += ' ' + word;
      ++column;
    }
    column += word.size();
  }
  return text;
}

std::string paragraphs(const std::string& text) {
  std::string result;
  for (const auto& line : base::split(text, '\n')) {
    result += wrap(split_words(line), 0) + '\n';
  }
  return result;
}

std::string section(const std::string& heading, const std::vector<Entry>& entries) {
  if (entries.empty()) {
    return {};
  }
  std::size_t column = 0;
  for (const auto& entry : entries) {
    if (const std::size_t end = 2 + entry.name.size() + 2; end <= k_max_text_column) {
      column = std::max(column, end);
    }
  }
  column = column == 0 ? k_max_text_column : column;
  std::string text = '\n' + heading + ":\n";
  for (const auto& entry : entries) {
    const std::string name = "  " + entry.name;
    const bool fits = name.size() + 2 <= column;
    text += name + (fits ? std::string(column - name.size(), ' ') : '\n' + std::string(column, ' '));
    text += wrap(entry.text, column) + '\n';
  }
  return text;
}

std::string shown_argument(const OptionInfo& argument) {
  if (!argument.value.empty()) {
    return argument.value;
  }
  const std::string name = argument.placeholder();
  return (argument.required ? "<" + name + ">" : "[" + name + "]") + (argument.is_repeatable() ? "..." : "");
}

/// "-p, --poll-interval SECONDS"; long names are aligned.
std::string shown_names(const OptionInfo& option) {
  if (option.is_argument()) {
    return shown_argument(option);
  }
  const auto names = option.all_names();
  const std::string indent = names.size() == 1 && names.front().starts_with("--") ? "    " : "";
  return indent + base::join(names, ", ") + (option.value.empty() ? "" : " " + option.value);
}

std::vector<std::string> option_text(const OptionInfo& option) {
  auto words = split_words(option.help);
  if (!option.choices.empty()) {
    const auto values = split_words("[possible values: " + base::join(option.choices, ", ") + "]");
    words.insert(words.end(), values.begin(), values.end());
  }
  if (!option.default_text.empty()) {
    words.push_back("[default: " + option.default_text + "]");
  }
  if (!option.env.empty()) {
    words.push_back("[env: " + option.env + "]");
  }
  return words;
}

std::vector<Entry> command_entries(const CommandTable& table, const CommandInfo& command) {
  std::vector<Entry> entries;
  for (const auto* each : commands_below(table, command.path)) {
    entries.push_back({std::string(last_word(each->path)), split_words(each->summary)});
  }
  return entries;
}

std::vector<Entry> option_entries(const CommandInfo& command, bool arguments) {
  std::vector<Entry> entries;
  for (const auto& option : command.options) {
    if (!option.hidden && option.is_argument() == arguments) {
      entries.push_back({shown_names(option), option_text(option)});
    }
  }
  if (!arguments) {
    entries.push_back({"-h, --help", split_words("Print help")});
    if (command.path.empty()) {
      entries.push_back({"-V, --version", split_words("Print the version of the interface")});
    }
  }
  return entries;
}

std::string example_text(const CommandInfo& command) {
  std::string text;
  for (const auto& example : command.examples) {
    text += example.comment.empty() ? "" : "  # " + example.comment + '\n';
    text += "  " + base::replace_all(example.command, "\n", "\n  ") + '\n';
  }
  return text.empty() ? "" : "\nExamples:\n" + text;
}

}  // namespace

std::string usage_line(const CommandTable& table, const CommandInfo& command) {
  std::string line = command.full_name() + " [OPTIONS]";
  if (!command.run && !commands_below(table, command.path).empty()) {
    return line + " <COMMAND>";
  }
  for (const auto& option : command.options) {
    if (option.is_argument() && !option.hidden) {
      line += ' ' + shown_argument(option);
    }
  }
  return line;
}

std::string render_help(const CommandTable& table, const CommandInfo& command) {
  std::string text = paragraphs(command.summary);
  if (!command.description.empty()) {
    text += '\n' + paragraphs(command.description);
  }
  text += "\nUsage: " + usage_line(table, command) + '\n';
  const auto commands = command_entries(table, command);
  if (command.run && !commands.empty()) {
    text += "       " + command.full_name() + " <COMMAND>\n";
  }
  text += section("Commands", commands);
  text += section("Arguments", option_entries(command, true));
  text += section("Options", option_entries(command, false));
  if (!command.path.empty()) {
    text += "\nSee 'torc --help' for the options of every command (-f json, --url, -s, ...).\n";
  }
  text += example_text(command);
  return std::string(base::trim(text));
}

}  // namespace torc::cli
