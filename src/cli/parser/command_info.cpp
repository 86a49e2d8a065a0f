#include "cli/parser/command_info.hpp"

#include <algorithm>

#include "torc/base/strings.hpp"

namespace torc::cli {

bool OptionInfo::is_repeatable() const {
  return std::holds_alternative<std::vector<std::string>*>(target) ||
         std::holds_alternative<std::vector<std::int64_t>*>(target);
}

std::string OptionInfo::placeholder() const {
  if (!is_argument()) {
    return value;
  }
  std::string shown = base::replace_all(names, "-", "_");
  std::transform(shown.begin(), shown.end(), shown.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return shown;
}

std::string OptionInfo::long_name() const {
  return all_names().back();
}

std::vector<std::string> OptionInfo::all_names() const {
  return base::split(names, ',');
}

const CommandInfo* find_command(const CommandTable& table, std::string_view path) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const CommandInfo& command) { return command.path == path; });
  return found == table.end() ? nullptr : &*found;
}

std::vector<const CommandInfo*> commands_below(const CommandTable& table, std::string_view path) {
  std::vector<const CommandInfo*> commands;
  for (const auto& command : table) {
    if (!command.hidden && !command.path.empty() && parent_path(command.path) == path) {
      commands.push_back(&command);
    }
  }
  return commands;
}

std::string_view last_word(std::string_view path) {
  return path.substr(path.rfind(' ') + 1);  // npos + 1 is 0
}

std::string_view parent_path(std::string_view path) {
  const auto space = path.rfind(' ');
  return space == std::string_view::npos ? std::string_view{} : path.substr(0, space);
}

}  // namespace torc::cli
