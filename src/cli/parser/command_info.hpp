#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "torc/cli/command.hpp"

// The command line as data, from which the parser, the help, the suggestions in errors and the check of docs/commands
// are generated.

namespace torc::cli {

/// Returns "" for a valid value, otherwise what is wrong with it.
using Check = std::function<std::string(const std::string&)>;

/// Runs after parsing; returns the exit status.
using Action = std::function<int(CommandContext&)>;

/// Where parsing puts a value: into a variable, or through a function. `std::monostate` accepts and ignores the value.
/// A vector takes the values of all mentions of its option.
using OptionTarget =
    std::variant<std::monostate, bool*, std::string*, int*, std::int64_t*, std::size_t*, std::uint16_t*, double*,
                 std::optional<std::string>*, std::optional<std::int64_t>*, std::optional<double>*,
                 std::vector<std::string>*, std::vector<std::int64_t>*, std::function<void(const std::string&)>>;

/// Includes both ends.
struct Range {
  double least{0};
  double most{0};
};

/// What a shell may offer as a value. Options with `choices` offer these.
enum class Completion { none, file, directory, workflow_id, job_id, worker, program, torc_command };

/// An option ("-s,--long") or a positional argument ("name") of a command. A name that starts with '-' and has no
/// `value` is a flag.
struct OptionInfo {
  std::string names{};
  OptionTarget target{};
  /// Placeholder of the value in help: "FILE". For an argument: its form in the usage line, if it is not the usual one.
  std::string value{};
  std::vector<std::string> choices{};
  bool ignore_case{false};  ///< Ignore the case of `choices`.
  std::optional<Range> range{};
  Check check{};
  std::string default_text{};
  std::string env{};  ///< Variable that is read if the option is not given.
  Completion completion{Completion::none};
  bool required{false};
  bool hidden{false};      ///< Accepted, but not shown.
  bool every_word{false};  ///< An argument that takes all remaining words unchanged.
  bool* mark{nullptr};     ///< Set if the command line contains "--".
  std::string needs{};     ///< Option without which this one is invalid: "--long".
  std::vector<std::string> excludes{};
  std::string help{};

  bool is_argument() const { return !names.starts_with('-'); }
  bool is_flag() const { return std::holds_alternative<bool*>(target); }
  bool is_repeatable() const;
  /// Placeholder as help and errors show it: "FILE" of an option, "WORKFLOW_ID" of an argument.
  std::string placeholder() const;
  /// "--poll-interval" of "-p,--poll-interval"; the name of an argument.
  std::string long_name() const;
  /// {"-p", "--poll-interval"}
  std::vector<std::string> all_names() const;
};

struct Example {
  std::string comment{};  ///< "" if the command speaks for itself.
  std::string command{};
};

/// A command, a group of commands (without `run`), or the program itself (with the path "").
struct CommandInfo {
  std::string path{};  ///< Without the program's name: "remote run".
  std::string summary{};
  std::string description{};  ///< Further paragraphs for help.
  std::vector<OptionInfo> options{};
  std::vector<Example> examples{};
  bool hidden{false};
  bool any_words{false};  ///< Accepts all words after its name, and ignores them.
  Action run{};

  /// "torc remote run"
  std::string full_name() const { return path.empty() ? "torc" : "torc " + path; }
};

/// The program first, groups before their commands, in the order of the help.
using CommandTable = std::vector<CommandInfo>;

/// Words that users try although no command has this path, and the commands that they may mean.
struct Suggestion {
  std::string_view words{};
  std::vector<std::string_view> commands{};
};

/// @returns nullptr if there is no command with this path
const CommandInfo* find_command(const CommandTable& table, std::string_view path);

/// The visible commands directly below `path`.
std::vector<const CommandInfo*> commands_below(const CommandTable& table, std::string_view path);

/// "run" of "remote run"
std::string_view last_word(std::string_view path);
/// "remote" of "remote run"; "" of "remote"
std::string_view parent_path(std::string_view path);

/// Appends shared options to a command's own.
template <typename... Lists>
std::vector<OptionInfo> joined(std::vector<OptionInfo> options, const Lists&... more) {
  (options.insert(options.end(), more.begin(), more.end()), ...);
  return options;
}

}  // namespace torc::cli
