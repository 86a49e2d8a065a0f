#include "torc/workflow_file/command_list.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/shell_quote.hpp"
#include "torc/base/strings.hpp"
#include "workflow_file/parameters.hpp"

namespace torc::workflow_file {
namespace {

std::string read_list_file(const std::string& path) {
  const base::Fd fd = base::open_file(path, O_RDONLY);
  try {
    return read_list(fd.get());
  } catch (base::Error& error) {
    error.add_context(path);
    throw;
  }
}

Parameter lines_as_values(const std::string& name, const std::string& path) {
  Parameter parameter{.name = name};
  for (const auto& line : parse_command_lines(read_list_file(path))) {
    parameter.values.push_back(written_value(line));
  }
  if (parameter.values.empty()) {
    throw ParameterError(fmt::format("{}: the file contains no values", path));
  }
  return parameter;
}

Parameter parse_parameter(const std::string& text) {
  const auto equals = text.find('=');
  const std::string name(base::trim(std::string_view(text).substr(0, equals)));
  if (equals == std::string::npos || name.empty()) {
    throw base::UsageError(fmt::format("--param: '{}' is not NAME=VALUE", shown(text)));
  }
  if (name.find_first_of("{}:") != std::string::npos) {
    throw base::UsageError(fmt::format("--param: '{}' is not a valid parameter name", shown(name)));
  }
  const std::string_view value = base::trim(std::string_view(text).substr(equals + 1));
  try {
    if (value.starts_with('@')) {
      return lines_as_values(name, std::string(value.substr(1)));
    }
    // An empty text is also a value, for example for an omitted option.
    return {name, value.empty() ? std::vector<Value>{Value{}} : parse_values(value)};
  } catch (const ParameterError& error) {
    throw base::UsageError(fmt::format("--param {}: {}", shown(name), error.what()));
  } catch (base::Error& error) {
    error.add_context(fmt::format("--param {}", shown(name)));
    throw;
  }
}

Combinations parse_all(const std::vector<std::string>& texts, Link link) {
  std::vector<Parameter> parameters;
  for (const auto& text : texts) {
    Parameter parameter = parse_parameter(text);
    const bool again = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const Parameter& other) { return other.name == parameter.name; });
    if (again) {
      throw base::UsageError(fmt::format("--param {}: given twice", shown(parameter.name)));
    }
    parameters.push_back(std::move(parameter));
  }
  try {
    return {std::move(parameters), link == Link::zip};
  } catch (const ParameterError& error) {
    throw base::UsageError(fmt::format("--link zip: {}", error.what()));
  }
}

bool is_name(std::string_view text) {
  constexpr std::string_view k_letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
  constexpr std::string_view k_digits = "0123456789";
  const auto known = [&](char c) { return k_letters.find(c) != k_letters.npos || k_digits.find(c) != k_digits.npos; };
  return !text.empty() && k_digits.find(text.front()) == k_digits.npos && std::all_of(text.begin(), text.end(), known);
}

/// The placeholder "{name}" or "{name:format}" at the beginning of `rest`, unless a shell gives it another meaning.
std::optional<std::string_view> placeholder_at(std::string_view rest) {
  const auto end = rest.find('}');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view inside = rest.substr(1, end - 1);
  // In bash, {name}>FILE opens a descriptor.
  const bool descriptor = end + 1 < rest.size() && (rest[end + 1] == '<' || rest[end + 1] == '>');
  const bool ours = is_name(inside.substr(0, inside.find(':'))) && inside.find_first_of(" \t\n{,;") == inside.npos;
  return ours && !descriptor ? std::optional(rest.substr(0, end + 1)) : std::nullopt;
}

/// Rejects placeholders of unknown parameters, which are usually typing errors, but only outside of quotes. Inside,
/// they may belong to another language (awk '{print}'); `${p}`, `%{p}` and `@{p}` belong to the shell, curl and git.
class PlaceholderCheck {
 public:
  PlaceholderCheck(std::string_view line, const Combinations& combinations)
      : m_line(line), m_combinations(combinations) {}

  void run() {
    if (m_line.find("<<") != std::string_view::npos) {
      return;  // Any text may follow.
    }
    char quote = 0;
    for (std::size_t i = 0; i < m_line.size(); ++i) {
      const char c = m_line[i];
      if (c == '\\' && quote != '\'') {
        ++i;
      } else if (quote != 0) {
        quote = c == quote ? '\0' : quote;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '{' && (i == 0 || std::string_view("$%@#").find(m_line[i - 1]) == std::string_view::npos)) {
        check_node(i);
      }
    }
  }

 private:
  void check_node(std::size_t at) const {
    const auto found = placeholder_at(m_line.substr(at));
    // The placeholder of a known parameter is replaced.
    if (!found || m_combinations.substitute(*found, 0) != *found) {
      return;
    }
    const std::string names = m_combinations.names();
    throw base::UsageError(fmt::format(
        "unknown placeholder '{}' in the command '{}': {}. To pass it to the command unchanged, put it in quotes.",
        shown(*found), shown(m_line),
        names.empty() ? "give it values with --param NAME=VALUE"
                      : "parameters are " + names + "; formats are {name:03d} and {name:.4f}"));
  }

  std::string_view m_line;
  const Combinations& m_combinations;
};

std::string filled(const CommandPattern& pattern, const Combinations& combinations, std::int64_t combination) {
  if (pattern.words.empty()) {
    return combinations.substitute(pattern.line, combination);
  }
  std::vector<std::string> words;
  words.reserve(pattern.words.size());
  for (const auto& word : pattern.words) {
    words.push_back(combinations.substitute(word, combination));
  }
  return base::shell_join(words);
}

void check_command(const std::string& command) {
  if (base::trim(command).empty()) {
    throw base::UsageError("a command is empty");
  }
  if (command.find('\0') != std::string::npos) {
    throw base::UsageError(fmt::format("the command '{}' contains a NUL byte", shown(command)));
  }
  if (base::valid_utf8_prefix(command) < command.size()) {
    throw base::UsageError(fmt::format("the command '{}' is not valid UTF-8", shown(command)));
  }
}

}  // namespace

std::string read_list(int fd) {
  std::string text;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count == 0) {
      return text;
    }
    if (count < 0 && errno != EINTR) {
      throw base::SystemError("cannot read");
    }
    text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    if (text.size() > k_max_file_bytes) {
      throw base::Error(fmt::format("more than {} MiB", k_max_file_bytes >> 20U));
    }
  }
}

std::vector<std::string> parse_command_lines(std::string_view text) {
  text = base::without_byte_order_mark(text);
  std::vector<std::string> commands;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = base::trim(text.substr(0, end));
    if (!line.empty() && !line.starts_with('#')) {
      commands.emplace_back(line);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return commands;
}

std::vector<JobDescription> expand_commands(const std::vector<CommandPattern>& commands,
                                            const std::vector<std::string>& parameters, Link link) {
  const Combinations combinations = parse_all(parameters, link);
  // Uses a division, since the product may not fit into 64 bits.
  if (static_cast<std::int64_t>(commands.size()) > k_max_expanded / combinations.count()) {
    throw base::UsageError(fmt::format("these commands and parameters give more than {} jobs", k_max_expanded));
  }
  std::vector<JobDescription> jobs;
  std::int64_t bytes = 0;
  try {
    for (const auto& pattern : commands) {
      if (pattern.words.empty()) {
        PlaceholderCheck(pattern.line, combinations).run();
      }
      for (std::int64_t i = 0; i < combinations.count(); ++i) {
        JobDescription job{.name = fmt::format("job{}", jobs.size() + 1), .command = filled(pattern, combinations, i)};
        check_command(job.command);
        bytes += static_cast<std::int64_t>(job.command.size());
        if (bytes > k_max_expanded_bytes) {
          throw base::UsageError(fmt::format("the commands need more than {} MiB", k_max_expanded_bytes >> 20U));
        }
        jobs.push_back(std::move(job));
      }
    }
  } catch (const ParameterError& error) {
    throw base::UsageError(error.what());
  }
  return jobs;
}

}  // namespace torc::workflow_file
