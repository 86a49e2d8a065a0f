#include "torc/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace torc::cli {
namespace {

constexpr std::array<std::string_view, 2> k_secrets{"--password", "--cookie-header"};

void blot_out(char* text) {
  for (; *text != '\0'; ++text) {
    *text = '*';
  }
}

/// The login of a URL, "user:password" in "http://user:password@host/": whichever option it stands behind.
void blot_out_login(std::string_view word, char* text) {
  const auto scheme = word.find("://");
  if (scheme == std::string_view::npos) {
    return;
  }
  const auto begin = scheme + 3;
  const auto at = word.substr(0, word.find_first_of("/?#", begin)).rfind('@');
  if (at != std::string_view::npos && at > begin) {
    std::fill(text + begin, text + at, '*');
  }
}

bool is_secret_name(std::string_view word) {
  return std::find(k_secrets.begin(), k_secrets.end(), word) != k_secrets.end();
}

}  // namespace

std::vector<std::string> take_arguments(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    const auto equals = words[i].find('=');
    if (equals != std::string::npos && is_secret_name(std::string_view{words[i]}.substr(0, equals))) {
      blot_out(argv[i] + equals + 1);
    } else if (is_secret_name(words[i]) && i + 1 < words.size()) {
      blot_out(argv[++i]);
    } else {
      blot_out_login(words[i], argv[i]);
    }
  }
  return words;
}

}  // namespace torc::cli
