#include "torc/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace torc::cli {
namespace {

constexpr std::array<std::string_view, 2> k_secrets{"--password", "--cookie-header"};

void mask(char* text) {
  for (; *text != '\0'; ++text) {
    *text = '*';
  }
}

struct Section {
  std::size_t begin{0};
  std::size_t end{0};
};

/// The position of the login in a URL: "user:password" in "http://user:password@host/".
std::optional<Section> login_in(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) {
    return std::nullopt;
  }
  const auto begin = scheme + 3;
  const auto at = url.substr(0, url.find_first_of("/?#", begin)).rfind('@');
  return at != std::string_view::npos && at > begin ? std::optional(Section{begin, at}) : std::nullopt;
}

/// Overwrites the login of a URL, which may be the value of any option.
void mask_login(std::string_view word, char* text) {
  if (const auto login = login_in(word)) {
    std::fill(text + login->begin, text + login->end, '*');
  }
}

bool is_secret_name(std::string_view word) {
  return std::find(k_secrets.begin(), k_secrets.end(), word) != k_secrets.end();
}

}  // namespace

bool has_login(std::string_view url) {
  return login_in(url).has_value();
}

std::vector<std::string> take_arguments(int argc, char** argv) {
  std::vector<std::string> words(argv, argv + argc);
  for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    const auto equals = words[i].find('=');
    if (equals != std::string::npos && is_secret_name(std::string_view{words[i]}.substr(0, equals))) {
      mask(argv[i] + equals + 1);
    } else if (is_secret_name(words[i]) && i + 1 < words.size()) {
      mask(argv[++i]);
    } else {
      mask_login(words[i], argv[i]);
    }
  }
  return words;
}

}  // namespace torc::cli
