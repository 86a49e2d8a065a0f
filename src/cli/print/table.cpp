#include "cli/print/table.hpp"

#include <algorithm>
#include <cstddef>

#include "torc/base/printable.hpp"

namespace torc::cli {
namespace {

std::string format_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line;
  std::size_t pending = 0;  // spaces to write before the next cell, so that no line ends in white space
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].empty()) {
      line.append(pending, ' ');
      line += cells[i];
      pending = 0;
    }
    pending += widths[i] - base::columns_of(cells[i]) + 2;
  }
  return line;
}

}  // namespace

std::vector<std::string> Table::lines() const {
  std::vector<std::vector<std::string>> rows{m_header};
  rows.insert(rows.end(), m_rows.begin(), m_rows.end());
  std::vector<std::size_t> widths(m_header.size(), 0);
  for (auto& row : rows) {
    row.resize(m_header.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = base::printable_line(row[i]);
      widths[i] = std::max(widths[i], base::columns_of(row[i]));
    }
  }
  std::vector<std::string> lines;
  lines.reserve(rows.size() + 1);
  for (const auto& row : rows) {
    lines.push_back(format_row(row, widths));
    if (lines.size() == 1) {
      std::size_t total = 2 * (widths.empty() ? 0 : widths.size() - 1);
      for (const auto width : widths) {
        total += width;
      }
      lines.emplace_back(total, '-');
    }
  }
  return lines;
}

}  // namespace torc::cli
