#include "runner/jobs/simple_command.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "torc/base/strings.hpp"

namespace torc::runner {
namespace {

/// Builtins and reserved words of bash 5.2 that could also be names of programs.
constexpr std::array<std::string_view, 76> k_bash_words{
    ".",      ":",       "[",       "alias",     "bg",       "bind",     "break",   "builtin", "caller",  "case",
    "cd",     "command", "compgen", "complete",  "compopt",  "continue", "coproc",  "declare", "dirs",    "disown",
    "do",     "done",    "echo",    "elif",      "else",     "enable",   "esac",    "eval",    "exec",    "exit",
    "export", "fc",      "fg",      "fi",        "for",      "function", "getopts", "hash",    "help",    "history",
    "if",     "in",      "jobs",    "kill",      "let",      "local",    "logout",  "mapfile", "popd",    "printf",
    "pushd",  "pwd",     "read",    "readarray", "readonly", "return",   "select",  "set",     "shift",   "shopt",
    "source", "suspend", "test",    "then",      "time",     "times",    "trap",    "type",    "typeset", "ulimit",
    "umask",  "unalias", "unset",   "until",     "wait",     "while"};

/// Letters, digits, and punctuation without a special meaning anywhere in a word.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./+:,@%=").find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::vector<std::string>> plain_words(std::string_view command) {
  const auto is_allowed = [](char c) { return c == ' ' || is_plain(c); };
  if (!std::all_of(command.begin(), command.end(), is_allowed)) {
    return std::nullopt;
  }
  std::vector<std::string> words = base::split(command, ' ');
  std::erase(words, "");
  if (words.empty()) {
    return std::nullopt;
  }
  const std::string& program = words.front();
  // An assignment, or a job of bash (%1).
  const bool is_special = program.find('=') != std::string::npos || program.front() == '%';
  if (is_special || std::find(k_bash_words.begin(), k_bash_words.end(), program) != k_bash_words.end()) {
    return std::nullopt;
  }
  return words;
}

SimpleCommands::SimpleCommands(const std::vector<std::string>& environment) {
  constexpr std::string_view k_path = "PATH=";
  for (const auto& entry : environment) {
    if (entry.starts_with("BASH_ENV=") || entry.starts_with("BASH_FUNC_") || entry.starts_with("BASHOPTS=") ||
        entry.starts_with("SHELLOPTS=") || entry.starts_with("POSIXLY_CORRECT=")) {
      m_usable = false;
    } else if (entry.starts_with(k_path)) {
      m_path = base::split(std::string_view(entry).substr(k_path.size()), ':');
    }
  }
}

std::optional<std::vector<std::string>> SimpleCommands::argv(std::string_view command) {
  if (!m_usable) {
    return std::nullopt;
  }
  auto words = plain_words(command);
  return words && find(words->front()) ? words : std::nullopt;
}

/// Whether execvp(3) will find the program: the first file of this name in PATH that is executable.
bool SimpleCommands::find(const std::string& program) {
  const auto is_program = [](const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
  };
  if (program.find('/') != std::string::npos) {
    return is_program(program);
  }
  if (const auto it = m_known.find(program); it != m_known.end()) {
    return it->second;
  }
  const bool found = std::any_of(m_path.begin(), m_path.end(), [&](const auto& directory) {
    return !directory.empty() && is_program(directory + '/' + program);
  });
  m_known.emplace(program, found);
  return found;
}

}  // namespace torc::runner
