#include "torc/base/printable.hpp"

#include <locale.h>
#include <wchar.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::base {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

/// Ordered. The rules are described in the header.
constexpr std::array k_escaped{
    Range{0x7F, 0x9F},       Range{0xAD, 0xAD},       Range{0x61C, 0x61C},     Range{0x180E, 0x180E},
    Range{0x200B, 0x200B},   Range{0x200E, 0x200F},   Range{0x2028, 0x202E},   Range{0x2060, 0x206F},
    Range{0xFDD0, 0xFDEF},   Range{0xFEFF, 0xFEFF},   Range{0xFFF9, 0xFFFB},   Range{0x1BCA0, 0x1BCA3},
    Range{0x1D173, 0x1D17A}, Range{0xE0000, 0xE00FF}, Range{0xE01F0, 0xE0FFF},
};

bool is_escaped(char32_t code) {
  if (code < 0x7F) {
    return code < 0x20 && code != U'\n' && code != U'\t';
  }
  const auto range = std::lower_bound(k_escaped.begin(), k_escaped.end(), code,
                                      [](const Range& each, char32_t value) { return each.last < value; });
  return (range != k_escaped.end() && range->first <= code) || (code & 0xFFFEU) == 0xFFFEU;
}

std::string escape_of_byte(char byte) {
  return fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
}

std::string escape_of(char32_t code) {
  const auto number = static_cast<std::uint32_t>(code);
  return code < 0x80      ? escape_of_byte(static_cast<char>(code))
         : code < 0x10000 ? fmt::format("\\u{:04x}", number)
                          : fmt::format("\\U{:08x}", number);
}

bool is_printable_ascii(char c) {
  return (c >= ' ' && c < 0x7F) || c == '\n' || c == '\t';
}

/// Appends the printable form of `text`. @returns the number of bytes at its end that may be an incomplete sequence
std::size_t append_printable(std::string& out, std::string_view text, bool is_end) {
  while (!text.empty()) {
    const auto plain =
        static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_printable_ascii) - text.begin());
    out += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) {
      break;
    }
    if (text.front() == '\r') {
      if (text.size() == 1 && !is_end) {
        return 1;
      }
      out += text.substr(1).starts_with('\n') ? "" : escape_of_byte('\r');
      text.remove_prefix(1);
      continue;
    }
    const CodePoint code = decode_utf8(text);
    if (code.state == CodePoint::State::incomplete && !is_end) {
      return text.size();
    }
    if (code.state != CodePoint::State::good) {
      out += escape_of_byte(text.front());
      text.remove_prefix(1);
      continue;
    }
    out += is_escaped(code.value) ? escape_of(code.value) : std::string(text.substr(0, code.length));
    text.remove_prefix(code.length);
  }
  return 0;
}

/// wcwidth(3) uses the table of the current locale, so a UTF-8 locale is set for this thread.
class Utf8Locale {
 public:
  Utf8Locale() : m_locale(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr)) {
    if (m_locale != nullptr) {
      m_before = ::uselocale(m_locale);
    }
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;
  ~Utf8Locale() {
    if (m_locale != nullptr) {
      ::uselocale(m_before);
      ::freelocale(m_locale);
    }
  }

  bool is_known() const { return m_locale != nullptr; }

 private:
  locale_t m_locale;
  locale_t m_before{nullptr};
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Measures `text` up to `limit` columns. @returns bytes and columns of the part that fits
std::pair<std::size_t, std::size_t> measure(std::string_view text, std::size_t limit) {
  if (is_ascii(text)) {
    const auto fits = std::min(text.size(), limit);
    return {fits, fits};
  }
  const Utf8Locale locale;
  std::size_t at = 0;
  std::size_t columns = 0;
  while (at < text.size()) {
    const CodePoint code = decode_utf8(text.substr(at));
    const int width = locale.is_known() && code.value >= 0x80 ? ::wcwidth(static_cast<wchar_t>(code.value)) : 1;
    const auto next = columns + static_cast<std::size_t>(width < 0 ? 1 : width);
    if (next > limit) {
      break;
    }
    columns = next;
    at += std::min(code.length, text.size() - at);
  }
  return {at, columns};
}

}  // namespace

CodePoint decode_utf8(std::string_view text) {
  const auto byte = [&](std::size_t at) -> char32_t { return static_cast<unsigned char>(text[at]); };
  const char32_t lead = byte(0);
  if (lead < 0x80) {
    return {CodePoint::State::good, lead, 1};
  }
  if (lead < 0xC2 || lead > 0xF4) {
    return {};
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  char32_t value = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size()) {
      return {CodePoint::State::incomplete, 0, text.size()};
    }
    // The range of the second byte excludes overlong forms, surrogates and code points that are too large.
    const bool second = i == 1;
    const char32_t low = second && lead == 0xE0 ? 0xA0 : second && lead == 0xF0 ? 0x90 : 0x80;
    const char32_t high = second && lead == 0xED ? 0x9F : second && lead == 0xF4 ? 0x8F : 0xBF;
    if (byte(i) < low || byte(i) > high) {
      return {};
    }
    value = (value << 6U) | (byte(i) & 0x3FU);
  }
  return {CodePoint::State::good, value, length};
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  append_printable(out, text, true);
  return out;
}

std::string printable_line(std::string_view text) {
  return replace_all(replace_all(printable(text), "\n", "\\n"), "\t", "\\t");
}

std::size_t columns_of(std::string_view text) {
  return measure(text, std::string_view::npos).second;
}

std::string_view cut_to_columns(std::string_view text, std::size_t columns) {
  return text.substr(0, measure(text, columns).first);
}

std::string PrintableStream::add(std::string_view bytes) {
  m_held += bytes;
  std::string out;
  const std::size_t held = append_printable(out, m_held, false);
  m_held.erase(0, m_held.size() - held);
  return out;
}

std::string PrintableStream::finish() {
  std::string out;
  append_printable(out, m_held, true);
  m_held.clear();
  return out;
}

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  while (!json.empty()) {
    const CodePoint code = decode_utf8(json);
    if (code.state != CodePoint::State::good) {
      out += "\\ufffd";
    } else if (code.value < 0x7F || !is_escaped(code.value)) {
      out += json.substr(0, code.length);
    } else if (code.value < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(code.value));
    } else {
      // A pair of surrogates (RFC 8259, section 7).
      const auto rest = static_cast<std::uint32_t>(code.value) - 0x10000U;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800U + (rest >> 10U), 0xDC00U + (rest & 0x3FFU));
    }
    json.remove_prefix(std::min(code.length, json.size()));
  }
  return out;
}

}  // namespace torc::base
