#include "proc/program_path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "torc/base/strings.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {

std::vector<std::string> paths_of_program(const std::string& name) {
  if (name.find('/') != std::string::npos) {
    return {name};
  }
  std::vector<std::string> paths;
  const char* const path = ::getenv("PATH");
  for (const auto& directory : base::split(path != nullptr ? path : "/bin:/usr/bin", ':')) {
    paths.push_back(directory.empty() ? name : directory + "/" + name);
  }
  return paths;
}

bool is_in_path(const std::string& program) {
  const auto paths = paths_of_program(program);
  return std::any_of(paths.begin(), paths.end(), [](const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
  });
}

}  // namespace torc::proc
