#pragma once

#include <string>
#include <vector>

namespace torc::cli {

/// Rows of text in columns as wide as their widest cell, separated by two spaces. For people only; the project's
/// scripts never parse it. Control characters in cells are shown as \xNN.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : m_header(std::move(header)) {}

  void add_row(std::vector<std::string> cells) { m_rows.push_back(std::move(cells)); }
  /// The lines: header, a rule, rows.
  std::vector<std::string> lines() const;

 private:
  std::vector<std::string> m_header;
  std::vector<std::vector<std::string>> m_rows;
};

}  // namespace torc::cli
