#include "torc/base/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "torc/base/error.hpp"
#include "torc/base/random.hpp"
#include "torc/base/strings.hpp"
#include "torc/base/users.hpp"

namespace torc::base {

Fd open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  for (;;) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) {
      return Fd{fd};
    }
    if (errno != EINTR) {
      throw SystemError("cannot open " + path.string());
    }
  }
}

std::string read_file(const std::filesystem::path& path) {
  const Fd fd = open_file(path, O_RDONLY);
  try {
    return read_all(fd.get());
  } catch (Error& error) {
    error.add_context(path.string());
    throw;
  }
}

std::string read_file_or_empty(const std::filesystem::path& path) {
  try {
    return read_file(path);
  } catch (const SystemError&) {
    return {};
  }
}

void sync_directory(const std::filesystem::path& directory) {
  const Fd fd = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (::fsync(fd.get()) != 0) {
    throw SystemError("cannot sync " + directory.string());
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content, unsigned mode) {
  std::filesystem::path temporary = path;
  temporary += ".tmp-" + to_hex(random64(), 8);
  try {
    const Fd fd = open_file(temporary, O_WRONLY | O_CREAT | O_EXCL, mode);
    write_all(fd.get(), content);
    if (::fsync(fd.get()) != 0) {
      throw SystemError("cannot sync");
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw SystemError("cannot rename");
    }
  } catch (Error& error) {
    ::unlink(temporary.c_str());
    error.add_context("writing " + path.string());
    throw;
  }
}

std::filesystem::path real_path(std::filesystem::path path) {
  // canonical() alone does not follow a link whose target does not exist.
  constexpr int k_max_links = 40;
  std::error_code ignored;
  for (int links = 0; links < k_max_links && std::filesystem::is_symlink(path, ignored); ++links) {
    path = path.parent_path() / std::filesystem::read_symlink(path, ignored);
  }
  const auto canonical = std::filesystem::weakly_canonical(path, ignored);
  return canonical.empty() ? path : canonical;
}

std::filesystem::path home_directory() {
  if (std::string home = env_or("HOME"); !home.empty()) {
    return home;
  }
  if (const auto user = find_user(::getuid())) {
    return user->home;
  }
  throw Error(
      "cannot determine the home directory: HOME is not set and the user has no entry in the password database");
}

std::string env_or(const char* name, std::string_view fallback) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::string(value) : std::string(fallback);
}

}  // namespace torc::base
