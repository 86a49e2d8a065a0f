#include <unistd.h>

#include <cerrno>

#include <nlohmann/json.hpp>

#include "torc/base/fd.hpp"
#include "torc/cli/command.hpp"
#include "torc/cli/table.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {
namespace {

/// A reader that has gone (`torc ... | head -1`) is no failure of the command: what it does goes on, unseen.
void write_unless_closed(int fd, const std::string& text) {
  try {
    base::write_all(fd, text);
  } catch (base::SystemError& error) {
    if (error.error_number() != EPIPE) {
      error.add_context(fd == STDOUT_FILENO ? "writing to standard output" : "writing to standard error");
      throw;
    }
  }
}

}  // namespace

void Output::line(const std::string& text) const {
  if (!m_json) {
    write_unless_closed(STDOUT_FILENO, text + "\n");
  }
}

void Output::table(const Table& table) const {
  std::string text;
  for (const auto& row : table.lines()) {
    text += row;
    text += '\n';
  }
  if (!m_json) {
    write_unless_closed(STDOUT_FILENO, text);
  }
}

void Output::document(const nlohmann::json& document) const {
  write_unless_closed(STDOUT_FILENO, model::dump_json(document, 2) + "\n");
}

void Output::document_line(const nlohmann::json& document) const {
  write_unless_closed(STDOUT_FILENO, model::dump_json(document) + "\n");
}

void Output::note(const std::string& text) const {
  write_unless_closed(STDERR_FILENO, text + "\n");
}

}  // namespace torc::cli
