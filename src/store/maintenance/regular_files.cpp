#include "store/maintenance/regular_files.hpp"

#include <sys/stat.h>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/strings.hpp"

namespace torc::store {

void require_regular_files(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw base::Error(fmt::format("{} is not a regular file, so it cannot be used as a database; name another file",
                                  base::printable(path)));
  }
  for (const char* suffix : k_sqlite_suffixes) {
    const std::string side = path + suffix;
    if (::lstat(side.c_str(), &status) == 0) {
      require_regular_side(side, status.st_mode);
    }
  }
}

void require_regular_side(const std::string& side, unsigned mode) {
  if (!S_ISREG(mode)) {
    throw base::Error(fmt::format("{} is not a regular file, so the database beside it cannot be used; remove it",
                                  base::printable(side)));
  }
}

}  // namespace torc::store
