#include "torc/base/environment.hpp"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string_view>
#include <vector>

namespace torc::base {

void erase_variable(const char* name) {
  const std::string_view wanted(name);
  std::vector<char*> entries;  // A name may occur more than once.
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    if (text.starts_with(wanted) && text.size() > wanted.size() && text[wanted.size()] == '=') {
      entries.push_back(*entry);
    }
  }
  ::unsetenv(name);
  for (char* const entry : entries) {
    ::explicit_bzero(entry, ::strlen(entry));
  }
}

}  // namespace torc::base
