#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace CLI {
class App;
class Option;
}  // namespace CLI

// The parser of command lines, CLI11, behind a header of our own: a file that defines options through CLI11 itself
// compiles the whole of it, which takes several times as long as what the file is about.

namespace torc::cli {

/// An option of a command: a handle that is copied freely and valid as long as the CommandLine. Each method changes the
/// option and returns the handle again, so that calls can be chained.
class Option {
 public:
  explicit Option(CLI::Option* option) : m_option(option) {}

  /// What help shows for the value: "FILE"; "" shows nothing.
  Option type_name(const std::string& name) const;
  /// @param check  Gets the text given; returns "" or what is wrong with it, which parsing then reports.
  Option check(std::function<std::string(const std::string&)> check) const;
  /// Both ends belong to the range. `T` is int, std::int64_t, std::size_t or double.
  template <typename T>
  Option range(T least, T most) const;
  /// A number above 0.
  Option positive() const;
  Option required() const;
  /// The environment variable that is asked where the command line does not say.
  Option envname(const std::string& name) const;
  /// Help shows as default what the target holds now.
  Option capture_default_str() const;
  /// Help shows this as default.
  Option default_str(const std::string& text) const;
  /// The heading in help below which it stands; "" hides it.
  Option group(const std::string& name) const;
  /// Whether several values may follow one mention of the option; where not, it can still be repeated.
  Option allow_extra_args(bool allowed) const;
  /// Of an argument told by its place: takes every word that is left over, as it stands.
  Option every_word() const;
  /// Refused without `other`.
  Option needs(const Option& other) const;
  /// Refused together with `other`.
  Option excludes(const Option& other) const;

 private:
  CLI::Option* m_option;
};

/// A command, or the program as a whole: a handle that is copied freely and valid as long as the CommandLine.
///
/// Names of options are written "-s,--long", and "name" where the place tells what is meant. Targets are written while
/// parsing: they have to live as long as the CommandLine.
class Command {
 public:
  explicit Command(CLI::App& app) : m_app(&app) {}

  Command subcommand(const std::string& name, const std::string& description = "") const;

  /// `T` is a string, a number, an optional of them or a vector of them; command_line.cpp lists the types in use.
  template <typename T>
  Option option(const std::string& names, T& target, const std::string& help) const;
  /// An option that is understood and not used.
  Option option(const std::string& names, const std::string& help) const;
  /// `take` gets the value when parsing has succeeded so far. `T` is std::string or double.
  template <typename T>
  Option option_function(const std::string& names, const std::function<void(const T&)>& take,
                         const std::string& help) const;
  Option flag(const std::string& names, bool& target, const std::string& help) const;
  /// From here on, of each option so far the last one given counts.
  Command take_last() const;

  /// Text below the options in help.
  Command footer(const std::string& text) const;
  /// The heading in help of the parent below which it stands; "" hides it.
  Command group(const std::string& name) const;
  /// Whether "--" stood in the command line; known once parsing has come to the callback.
  bool has_mark() const;
  /// Takes whatever words follow.
  Command allow_extras() const;
  /// Whether options that it does not know may be its parent's.
  Command fallthrough(bool wanted) const;
  /// How many subcommands a command line names.
  Command require_subcommand(std::size_t least, std::size_t most) const;
  /// Called at the end of parsing if the command line names this command.
  Command callback(std::function<void()> call) const;

 private:
  CLI::App* m_app;
};

/// A command line of the program: what it may say, and parsing it. Single-threaded.
class CommandLine {
 public:
  /// @param version  What --version prints.
  CommandLine(const std::string& name, const std::string& description, const std::string& version);
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;
  ~CommandLine();

  /// The program as a whole: its options may stand behind subcommands, too.
  Command root() const;

  /// Writes the targets of options and makes the callbacks.
  /// @returns the text to print instead, where the words ask for help or the version
  /// @throws UsageError
  std::optional<std::string> parse(int argc, const char* const* argv);

  /// Help of the command that parsing reached.
  std::string help() const;

 private:
  std::unique_ptr<CLI::App> m_app;
};

}  // namespace torc::cli
