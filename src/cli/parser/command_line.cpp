#include "cli/parser/command_line.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/parser/checks.hpp"
#include "cli/parser/help.hpp"
#include "cli/parser/parse_errors.hpp"
#include "torc/base/error.hpp"

namespace torc::cli {
namespace {

/// Makes the CLI11 option that writes a target.
struct OptionMaker {
  CLI::App& app;
  const OptionInfo& info;

  CLI::Option* operator()(std::monostate) const { return app.add_option(info.names, info.help); }
  CLI::Option* operator()(bool* target) const { return app.add_flag(info.names, *target, info.help); }
  CLI::Option* operator()(const std::function<void(const std::string&)>& take) const {
    return app.add_option_function<std::string>(info.names, take, info.help);
  }
  template <typename T>
  CLI::Option* operator()(T* target) const {
    return app.add_option(info.names, *target, info.help);
  }
};

void take_every_word(CLI::Option& option) {
  // Not with CLI11's extra arguments, because then CLI11 takes a word "[a,b]" for a list and splits it. CLI11 continues
  // to take words until it has as many as expected, but accepts fewer.
  option.allow_extra_args(false);
  option.multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  option.expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size);
}

void connect_options(CLI::App& app, const std::vector<OptionInfo>& options) {
  for (const auto& info : options) {
    CLI::Option* option = app.get_option(info.long_name());
    if (!info.needs.empty()) {
      option->needs(app.get_option(info.needs));
    }
    for (const auto& other : info.excludes) {
      option->excludes(app.get_option(other));
    }
  }
}

std::string path_of(const CLI::App& app) {
  const CLI::App* parent = app.get_parent();
  if (parent == nullptr) {
    return {};
  }
  const std::string above = path_of(*parent);
  return above.empty() ? app.get_name() : above + " " + app.get_name();
}

}  // namespace

CommandLine::CommandLine(const CommandTable& table, const std::vector<Suggestion>& suggestions,
                         const std::string& version)
    : m_table(table), m_suggestions(suggestions), m_app(std::make_unique<CLI::App>("", "torc")) {
  m_app->option_defaults()->always_capture_default(false);
  // Global options may follow the subcommand.
  m_app->fallthrough();
  m_app->set_version_flag("-V,--version", version);
  for (const auto& info : table) {
    CLI::App* app =
        info.path.empty()
            ? m_app.get()
            : m_apps.at(std::string(parent_path(info.path)))->add_subcommand(std::string(last_word(info.path)));
    m_apps.emplace(info.path, app);
    add_command(*app, info);
  }
  // A shell alias may contain an option that the user gives again.
  for (CLI::Option* option : m_app->get_options()) {
    option->take_last();
  }
}

CommandLine::~CommandLine() = default;

void CommandLine::add_command(CLI::App& app, const CommandInfo& info) {
  for (const auto& option : info.options) {
    add_option(app, option);
  }
  connect_options(app, info.options);
  if (info.any_words) {
    app.allow_extras();
    app.fallthrough(false);
  }
  if (!commands_below(m_table, info.path).empty()) {
    // At most one subcommand; otherwise `remote add-workers 1 run` would take a host named "run" for a second command.
    app.require_subcommand(0, 1);
  }
}

void CommandLine::add_option(CLI::App& app, const OptionInfo& info) {
  CLI::Option* option = std::visit(OptionMaker{app, info}, info.target);
  option->required(info.required);
  if (!info.env.empty()) {
    option->envname(info.env);
  }
  if (info.range) {
    option->check(check_range(*info.range));
  }
  if (!info.choices.empty()) {
    option->check(check_one_of(info.choices, info.ignore_case));
  }
  if (info.check) {
    option->check(info.check);
  }
  if (info.every_word) {
    take_every_word(*option);
  } else if (info.is_repeatable() && !info.is_argument()) {
    // One value per mention: an argument may follow.
    option->allow_extra_args(false);
  }
}

std::optional<std::string> CommandLine::parse(int argc, const char* const* argv) {
  try {
    m_app->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return render_help(m_table, command());
  } catch (const CLI::CallForVersion& version) {
    return version.what();
  } catch (const CLI::ParseError& error) {
    throw base::UsageError(explain_parse_error({m_table, m_suggestions, command()}, *m_app, error));
  }
  const auto words = m_apps.at(command().path)->remaining();
  for (const auto& option : command().options) {
    if (option.mark != nullptr) {
      *option.mark = std::find(words.begin(), words.end(), "--") != words.end();
    }
  }
  return std::nullopt;
}

const CommandInfo& CommandLine::command() const {
  return *find_command(m_table, path_of(reached_app(*m_app)));
}

}  // namespace torc::cli
