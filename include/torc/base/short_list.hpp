#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace torc::base {

/// Keeps the first few texts and counts the others, so that memory stays bounded however many an untrusted source
/// sends.
class ShortList {
 public:
  static constexpr std::size_t k_max_texts = 10;
  static constexpr std::size_t k_max_bytes = 300;  ///< Maximum length of a text; longer ones are shortened with "...".

  /// Counts `text`, and keeps it in printable form if fewer than `k_max_texts` are kept.
  void add(std::string_view text);

  bool empty() const { return m_count == 0; }
  std::size_t count() const { return m_count; }
  /// The kept texts in the order in which they were added.
  const std::vector<std::string>& texts() const { return m_texts; }
  /// "a, b, c and 7 more"; "" if nothing was added.
  std::string text() const;

 private:
  std::vector<std::string> m_texts;
  std::size_t m_count{0};
};

}  // namespace torc::base
