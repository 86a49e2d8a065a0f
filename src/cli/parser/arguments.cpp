#include "torc/cli/arguments.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace torc::cli {
namespace {

constexpr std::array<std::string_view, 3> k_secrets{"--password", "--server-password", "--cookie-header"};

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

/// `-p` is a password after the command htpasswd only, the poll interval or a port elsewhere.
bool is_htpasswd(std::string_view word) {
  return word == "htpasswd" || word.ends_with("torc-htpasswd");
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
  bool has_short_name = !words.empty() && is_htpasswd(words.front());
  for (std::size_t i = 1; i < words.size() && words[i] != "--"; ++i) {
    has_short_name = has_short_name || is_htpasswd(words[i]);
    const auto equals = words[i].find('=');
    if (equals != std::string::npos && is_secret_name(std::string_view{words[i]}.substr(0, equals))) {
      mask(argv[i] + equals + 1);
    } else if (has_short_name && words[i].size() > 2 && words[i].starts_with("-p")) {
      mask(argv[i] + 2);
    } else if ((is_secret_name(words[i]) || (has_short_name && words[i] == "-p")) && i + 1 < words.size()) {
      mask(argv[++i]);
    } else {
      mask_login(words[i], argv[i]);
    }
  }
  return words;
}

}  // namespace torc::cli
