#include "torc/base/short_list.hpp"

#include <fmt/format.h>

#include "torc/base/printable.hpp"
#include "torc/base/strings.hpp"

namespace torc::base {

void ShortList::add(std::string_view text) {
  ++m_count;
  if (m_texts.size() < k_max_texts) {
    const bool is_long = text.size() > k_max_bytes;
    m_texts.push_back(printable_line(text.substr(0, k_max_bytes)) + (is_long ? "..." : ""));
  }
}

std::string ShortList::text() const {
  const std::string listed = join(m_texts, ", ");
  return m_count > m_texts.size() ? fmt::format("{} and {} more", listed, m_count - m_texts.size()) : listed;
}

}  // namespace torc::base
