#include "cli/parser/command_line.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/parser/parse_errors.hpp"
#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::cli {
namespace {

/// Help with a line about what stands in the root's help only.
class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_footer(const CLI::App* app) const override {
    std::string text;
    if (app->get_parent() != nullptr) {
      text = "\nOptions of every command (-f json, --url, -s, ...): see 'torc --help'.\n";
    }
    return text + CLI::Formatter::make_footer(app);
  }
};

}  // namespace

Option Option::type_name(const std::string& name) const {
  m_option->type_name(name);
  return *this;
}

Option Option::check(std::function<std::string(const std::string&)> check) const {
  m_option->check(std::move(check));
  return *this;
}

template <typename T>
Option Option::range(T least, T most) const {
  // Not CLI11's own, which lets "nan" pass.
  m_option->check([least, most](const std::string& text) -> std::string {
    const auto number = base::parse_double(text);
    if (number && *number >= static_cast<double>(least) && *number <= static_cast<double>(most)) {
      return "";
    }
    return fmt::format("'{}' is no number from {:.12g} to {:.12g}", text, static_cast<double>(least),
                       static_cast<double>(most));
  });
  return *this;
}

template Option Option::range(int, int) const;
template Option Option::range(std::int64_t, std::int64_t) const;
template Option Option::range(std::size_t, std::size_t) const;
template Option Option::range(double, double) const;

Option Option::positive() const {
  m_option->check([](const std::string& text) -> std::string {
    const auto number = base::parse_double(text);
    return number && *number > 0 ? "" : fmt::format("'{}' is no number above 0", text);
  });
  return *this;
}

Option Option::required() const {
  m_option->required();
  return *this;
}

Option Option::envname(const std::string& name) const {
  m_option->envname(name);
  return *this;
}

Option Option::capture_default_str() const {
  m_option->capture_default_str();
  return *this;
}

Option Option::default_str(const std::string& text) const {
  m_option->default_str(text);
  return *this;
}

Option Option::group(const std::string& name) const {
  m_option->group(name);
  return *this;
}

Option Option::allow_extra_args(bool allowed) const {
  m_option->allow_extra_args(allowed);
  return *this;
}

Option Option::every_word() const {
  // Not by extra arguments: with those CLI11 takes a word "[a,b]" for a list and splits it. It goes on taking words
  // until it has as many as it expects, which it does not insist on.
  m_option->allow_extra_args(false);
  m_option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  m_option->expected(CLI::detail::expected_max_vector_size - 1, CLI::detail::expected_max_vector_size);
  return *this;
}

Option Option::needs(const Option& other) const {
  m_option->needs(other.m_option);
  return *this;
}

Option Option::excludes(const Option& other) const {
  m_option->excludes(other.m_option);
  return *this;
}

Command Command::subcommand(const std::string& name, const std::string& description) const {
  return Command(*m_app->add_subcommand(name, description));
}

template <typename T>
Option Command::option(const std::string& names, T& target, const std::string& help) const {
  return Option(m_app->add_option(names, target, help));
}

// The types that options have; the linker misses one that has no line here.
template Option Command::option(const std::string&, std::string&, const std::string&) const;
template Option Command::option(const std::string&, int&, const std::string&) const;
template Option Command::option(const std::string&, std::int64_t&, const std::string&) const;
template Option Command::option(const std::string&, std::size_t&, const std::string&) const;
template Option Command::option(const std::string&, std::uint16_t&, const std::string&) const;
template Option Command::option(const std::string&, double&, const std::string&) const;
template Option Command::option(const std::string&, std::optional<std::string>&, const std::string&) const;
template Option Command::option(const std::string&, std::optional<std::int64_t>&, const std::string&) const;
template Option Command::option(const std::string&, std::optional<double>&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<std::string>&, const std::string&) const;
template Option Command::option(const std::string&, std::vector<std::int64_t>&, const std::string&) const;

Option Command::option(const std::string& names, const std::string& help) const {
  return Option(m_app->add_option(names, help));
}

template <typename T>
Option Command::option_function(const std::string& names, const std::function<void(const T&)>& take,
                                const std::string& help) const {
  return Option(m_app->add_option_function<T>(names, take, help));
}

template Option Command::option_function(const std::string&, const std::function<void(const std::string&)>&,
                                         const std::string&) const;
template Option Command::option_function(const std::string&, const std::function<void(const double&)>&,
                                         const std::string&) const;

Option Command::flag(const std::string& names, bool& target, const std::string& help) const {
  return Option(m_app->add_flag(names, target, help));
}

Command Command::take_last() const {
  for (CLI::Option* option : m_app->get_options()) {
    option->take_last();
  }
  return *this;
}

Command Command::footer(const std::string& text) const {
  m_app->footer(text);
  return *this;
}

Command Command::group(const std::string& name) const {
  m_app->group(name);
  return *this;
}

bool Command::has_mark() const {
  const auto left = m_app->remaining();
  return std::find(left.begin(), left.end(), "--") != left.end();
}

Command Command::allow_extras() const {
  m_app->allow_extras();
  return *this;
}

Command Command::fallthrough(bool wanted) const {
  m_app->fallthrough(wanted);
  return *this;
}

Command Command::require_subcommand(std::size_t least, std::size_t most) const {
  m_app->require_subcommand(least, most);
  return *this;
}

Command Command::callback(std::function<void()> call) const {
  m_app->callback(std::move(call));
  return *this;
}

CommandLine::CommandLine(const std::string& name, const std::string& description, const std::string& version)
    : m_app(std::make_unique<CLI::App>(description, name)) {
  m_app->formatter(std::make_shared<HelpFormatter>());
  m_app->get_formatter()->column_width(34);
  m_app->option_defaults()->always_capture_default(false);
  // Global options may stand behind the subcommand.
  m_app->fallthrough();
  m_app->set_version_flag("-V,--version", version);
}

CommandLine::~CommandLine() = default;

Command CommandLine::root() const {
  return Command(*m_app);
}

std::optional<std::string> CommandLine::parse(int argc, const char* const* argv) {
  try {
    m_app->parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return help();
  } catch (const CLI::CallForVersion& version) {
    return version.what();
  } catch (const CLI::ParseError& error) {
    throw base::UsageError(explain_parse_error(*m_app, error));
  }
  return std::nullopt;
}

std::string CommandLine::help() const {
  return std::string(base::trim(m_app->help()));
}

}  // namespace torc::cli
