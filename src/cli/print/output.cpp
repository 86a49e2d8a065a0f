#include <unistd.h>

#include <cerrno>
#include <mutex>

#include <nlohmann/json.hpp>

#include "cli/print/table.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"
#include "torc/cli/command.hpp"
#include "torc/model/json.hpp"

namespace torc::cli {

/// The first failure to print.
class Output::Trouble {
 public:
  void note(const std::string& text) {
    const std::scoped_lock lock(m_mutex);
    if (m_text.empty()) {
      m_text = text;
    }
  }
  std::string text() {
    const std::scoped_lock lock(m_mutex);
    return m_text;
  }

 private:
  std::mutex m_mutex{};
  std::string m_text{};
};

Output::Output(bool json) : m_json(json), m_trouble(std::make_shared<Trouble>()) {}

void Output::write(int fd, const std::string& text) const {
  try {
    base::write_all(fd, text);
  } catch (base::SystemError& error) {
    if (error.error_number() != EPIPE) {
      error.add_context(fd == STDOUT_FILENO ? "writing to standard output" : "writing to standard error");
      m_trouble->note(error.what());
    }
  }
}

void Output::check() const {
  if (const std::string text = m_trouble->text(); !text.empty()) {
    throw base::Error(text);
  }
}

void Output::line(const std::string& text) const {
  if (!m_json) {
    write(STDOUT_FILENO, base::printable(text) + "\n");
  }
}

void Output::table(const Table& table) const {
  std::string text;
  for (const auto& row : table.lines()) {
    text += row;
    text += '\n';
  }
  if (!m_json) {
    write(STDOUT_FILENO, text);
  }
}

void Output::document(const nlohmann::json& document) const {
  write(STDOUT_FILENO, base::printable_json(model::dump_json(document, 2)) + "\n");
}

void Output::document_line(const nlohmann::json& document) const {
  write(STDOUT_FILENO, base::printable_json(model::dump_json(document)) + "\n");
}

void Output::note(const std::string& text) const {
  write(STDERR_FILENO, base::printable(text) + "\n");
}

}  // namespace torc::cli
