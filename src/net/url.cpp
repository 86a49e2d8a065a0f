#include "torc/base/backoff.hpp"
#include "torc/net/http_client.hpp"

namespace torc::net {

std::string url_encode(std::string_view text) {
  constexpr const char* k_digits = "0123456789ABCDEF";
  std::string result;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += k_digits[byte >> 4U];
      result += k_digits[byte & 15U];
    }
  }
  return result;
}

std::string query_string(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string result;
  for (const auto& [name, value] : parameters) {
    result += result.empty() ? '?' : '&';
    result += url_encode(name);
    result += '=';
    result += url_encode(value);
  }
  return result;
}

std::chrono::milliseconds retry_pause(int attempt, double jitter) {
  return base::growing_pause(attempt, std::chrono::milliseconds(100), std::chrono::seconds(5), jitter);
}

}  // namespace torc::net
