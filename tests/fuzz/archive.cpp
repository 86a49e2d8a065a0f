// Reads an archive of a worker, and unpacks it within small bounds. The first byte selects whether the rest is a gzip
// file or a tar archive that is compressed here (because the checksums of gzip would reject most mutations).

#include <sys/stat.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <string>
#include <string_view>

#include "fuzz/check.hpp"
#include "support/tar_builder.hpp"
#include "support/temp_dir.hpp"
#include "torc/archive/unpack.hpp"
#include "torc/base/beneath.hpp"

namespace torc::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t k_max_bytes = std::uint64_t{4} << 20U;

/// Checks what unpacking guarantees for every archive.
void check_tree(const fs::path& target) {
  const base::Fd directory = base::open_directory(target);
  base::walk_beneath(
      directory.get(),
      [&](const base::FoundFile& file) {
        check(S_ISREG(file.mode) || S_ISLNK(file.mode), "only files and links are created", file.path);
        check(S_ISLNK(file.mode) || (file.mode & 07000U) == 0, "no special bits are set", file.path);
        const auto opened = base::open_beneath(directory.get(), file.path);
        check(opened.refusal.find("leaves") == std::string::npos, "no link leaves the directory", file.path);
      },
      [](const std::string& path, const std::string& why) { check(false, why.c_str(), path); });
}

void read_and_unpack(const fs::path& place) {
  const fs::path file = place / "a.tar.gz";
  const fs::path target = place / "new";
  try {
    const auto found = archive::survey(file, {});
    if (found.bytes <= k_max_bytes) {
      archive::unpack(file, found, target, {});
      check_tree(target);
    }
  } catch (const base::Error& error) {
    check(*error.what() != '\0', "an error has a message");
    check(!fs::exists(fs::symlink_status(target)), "an archive that cannot be unpacked leaves nothing");
  }
  fs::remove_all(target);
  check(std::distance(fs::directory_iterator(place), {}) == 1, "nothing is created beside the directory");
}

}  // namespace
}  // namespace torc::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const torc::support::TempDir directory;
  if (size == 0) {
    return 0;
  }
  const std::string rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  torc::support::TarBuilder::write(directory / "a.tar.gz", data[0] % 2 == 0 ? torc::support::gzip(rest) : rest);
  torc::fuzz::read_and_unpack(directory.path());
  return 0;
}
