#include "server/access/basic_credentials.hpp"

#include <cstdint>

#include "torc/base/strings.hpp"

namespace torc::server {
namespace {

int base64_value(char c) {
  if (c >= 'A' && c <= 'Z') {
    return c - 'A';
  }
  if (c >= 'a' && c <= 'z') {
    return c - 'a' + 26;
  }
  if (c >= '0' && c <= '9') {
    return c - '0' + 52;
  }
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

std::optional<std::string> decode_base64(std::string_view text) {
  while (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  std::string bytes;
  std::uint32_t held = 0;
  int bits = 0;
  for (const char c : text) {
    const int value = base64_value(c);
    if (value < 0) {
      return std::nullopt;
    }
    held = (held << 6) | static_cast<std::uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes += static_cast<char>((held >> bits) & 0xff);
    }
  }
  return bytes;
}

}  // namespace

std::optional<BasicCredentials> parse_basic_credentials(std::string_view header) {
  constexpr std::string_view k_scheme = "basic ";
  if (base::to_lower(header.substr(0, k_scheme.size())) != k_scheme) {
    return std::nullopt;
  }
  auto text = decode_base64(base::trim(header.substr(k_scheme.size())));
  const auto colon = text ? text->find(':') : std::string::npos;
  if (colon == std::string::npos) {
    return std::nullopt;
  }
  return BasicCredentials{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace torc::server
