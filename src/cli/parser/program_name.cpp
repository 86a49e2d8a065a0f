#include "cli/parser/program_name.hpp"

#include <string_view>

namespace torc::cli {

std::vector<const char*> full_command_line(int argc, const char* const* argv) {
  std::vector<const char*> words{argv, argv + argc};
  if (words.empty()) {
    return {"torc"};
  }
  std::string_view name = words.front();
  name.remove_prefix(name.rfind('/') + 1);  // npos + 1 is 0
  std::vector<const char*> full{"torc"};
  if (name == "torc-server") {
    full.push_back("server");
    if (argc < 2 || *words[1] == '-') {
      full.push_back("run");
    }
  } else if (name == "torc-htpasswd") {
    full.push_back("htpasswd");
  } else {
    return words;
  }
  full.insert(full.end(), words.begin() + 1, words.end());
  return full;
}

}  // namespace torc::cli
