#include "torc/archive/unpack.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include <fmt/format.h>

#include "archive/free_space.hpp"
#include "archive/link_check.hpp"
#include "archive/remove_tree.hpp"
#include "torc/base/beneath.hpp"
#include "torc/base/error.hpp"
#include "torc/base/printable.hpp"

namespace torc::archive {
namespace {

using Parts = std::vector<std::string>;

constexpr unsigned k_special_bits = S_ISUID | S_ISGID | S_ISVTX;
/// How often to check the free space, which other processes also use.
constexpr std::uint64_t k_bytes_between_checks = std::uint64_t{16} << 20U;
/// Space that an entry needs in addition to its content, in the same count.
constexpr std::uint64_t k_cost_of_entry = 4'096;
/// Maximum number of directories without an entry of their own, in addition to one per entry.
constexpr std::uint64_t k_unlisted_directories = 1'000;

/// Whether an error concerns only this entry. After any other error, no further entries can be unpacked.
bool is_about_the_entry(int error_number) {
  constexpr std::array k_errors{ENAMETOOLONG, EEXIST, ENOTDIR, EISDIR,    EINVAL,
                                EILSEQ,       ELOOP,  ENOENT,  ENOTEMPTY, EMLINK};
  return std::find(k_errors.begin(), k_errors.end(), error_number) != k_errors.end();
}

class Unpacking {
 public:
  Unpacking(const std::filesystem::path& file, const Survey& survey, const std::filesystem::path& target,
            const std::stop_token& stop)
      : m_reader(file, stop), m_survey(survey), m_root(base::open_directory(target)), m_stop(stop) {}

  UnpackReport run() {
    while (const auto entry = m_reader.next()) {
      count(k_cost_of_entry);
      add(*entry);
    }
    make_links();
    return std::move(m_report);
  }

 private:
  void add(const Entry& entry) {
    const auto parts = parts_of_name(entry.name);
    if (!parts) {
      skip(entry, "its name leaves the directory or is too long");
      return;
    }
    switch (entry.kind) {
      case Kind::directory:
        make_directory(entry, *parts);
        return;
      case Kind::file:
        write_file(entry, *parts);
        return;
      case Kind::hard_link:
        make_hard_link(entry, *parts);
        return;
      case Kind::symbolic_link:
        if (parts->empty() || !m_links.add(*parts, entry.target)) {
          skip(entry, parts->empty() ? "it would replace the directory itself" : "too long, or too many links");
        }
        return;
      default:
        skip(entry, "");
    }
  }

  void skip(const Entry& entry, std::string_view why) { skip(kind_name(entry.kind), entry.name, why); }

  void skip(std::string_view kind, std::string_view name, std::string_view why) {
    // The name is shortened so that the reason remains visible in a shortened list.
    constexpr std::size_t k_max_name = 200;
    m_report.skipped.add(
        fmt::format("{} {}{}", kind, name.substr(0, k_max_name), why.empty() ? "" : fmt::format(" ({})", why)));
  }

  /// Skips the entry because of the error in errno.
  /// @throws base::Error if the error concerns more than this entry
  void skip_or_fail(std::string_view kind, std::string_view name) {
    const int error_number = errno;
    if (!is_about_the_entry(error_number)) {
      const std::string shown = base::printable_line(name);
      throw error_number == ENOSPC || error_number == EDQUOT
          ? base::Error("no space left on this machine for " + shown)
          : base::SystemError("cannot create " + shown, error_number);
    }
    skip(kind, name, base::errno_text(error_number));
  }

  /// Opens the directory named by the first `count` components, and creates it if it does not exist.
  /// @returns its descriptor, which stays owned by this object; -1 with errno set if that fails
  int directory(const Parts& parts, std::size_t count) {
    // Consecutive entries are usually in the same directory.
    if (m_last && m_last_parts.size() == count && std::equal(m_last_parts.begin(), m_last_parts.end(), parts.begin())) {
      return m_last.get();
    }
    if (count == 0) {
      return m_root.get();
    }
    base::Fd here;
    for (std::size_t i = 0; i < count; ++i) {
      const int parent = here ? here.get() : m_root.get();
      constexpr int k_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
      int next = ::openat(parent, parts[i].c_str(), k_flags);
      if (next < 0 && errno == ENOENT && ::mkdirat(parent, parts[i].c_str(), 0777) == 0) {
        count_new_directory();
        next = ::openat(parent, parts[i].c_str(), k_flags);
      }
      if (next < 0) {
        return -1;
      }
      here.reset(next);
    }
    m_last = std::move(here);
    m_last_parts.assign(parts.begin(), parts.begin() + static_cast<std::ptrdiff_t>(count));
    return m_last.get();
  }

  void count_new_directory() {
    count(k_cost_of_entry);
    // The directories of a path need no entries of their own, so a path with many short names can create many
    // directories.
    if (++m_directories > k_unlisted_directories + m_survey.entries) {
      throw base::Error("it has too many directories without an entry");
    }
  }

  void make_directory(const Entry& entry, const Parts& parts) {
    const int fd = directory(parts, parts.size());
    if (fd < 0) {
      skip_or_fail(kind_name(entry.kind), entry.name);
      return;
    }
    if (!parts.empty()) {
      // mkdir has applied the umask, which chmod does not; so only remove permissions.
      struct stat info {};
      if (::fstat(fd, &info) == 0) {
        // Keep special bits inherited from the parent directory, but use none from the archive.
        ::fchmod(fd, (info.st_mode & k_special_bits) | (info.st_mode & entry.mode & 0777U) | S_IRWXU);
      }
    }
  }

  void write_file(const Entry& entry, const Parts& parts) {
    if (parts.empty()) {
      skip(entry, "it has no name");
      return;
    }
    const int parent = directory(parts, parts.size() - 1);
    // Like tar, a repeated name replaces the earlier file. The earlier file is unlinked, not overwritten, because it
    // may have other hard links.
    if (parent < 0 || (::unlinkat(parent, parts.back().c_str(), 0) != 0 && errno != ENOENT)) {
      errno = parent < 0 ? errno : EISDIR;
      skip_or_fail(kind_name(entry.kind), entry.name);
      return;
    }
    const base::Fd fd(::openat(parent, parts.back().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                               (entry.mode & 0777U) | S_IRUSR | S_IWUSR));
    if (!fd) {
      skip_or_fail(kind_name(entry.kind), entry.name);
      return;
    }
    write_content(entry, fd.get());
    if ((entry.mode & k_special_bits) != 0) {
      m_report.stripped.add(entry.name);
    }
    const std::array<timespec, 2> times{timespec{0, UTIME_OMIT}, timespec{entry.modified, 0}};
    ::futimens(fd.get(), times.data());  // Errors are ignored; the modification time is not essential.
  }

  void write_content(const Entry& entry, int fd) {
    while (const auto block = m_reader.read()) {
      if (block->offset > entry.size || block->data.size() > entry.size - block->offset) {
        throw base::Error("it is damaged: " + base::printable_line(entry.name) + " is longer than its header says");
      }
      count(block->data.size());
      std::string_view left = block->data;
      auto offset = static_cast<off_t>(block->offset);
      while (!left.empty()) {
        const ssize_t written = ::pwrite(fd, left.data(), left.size(), offset);
        if (written < 0 && errno != EINTR) {
          skip_or_fail("file", entry.name);
          return;
        }
        left.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(written, 0)));
        offset += std::max<ssize_t>(written, 0);
      }
    }
    if (::ftruncate(fd, static_cast<off_t>(entry.size)) != 0) {  // The file may end with a hole.
      skip_or_fail("file", entry.name);
    }
  }

  void make_hard_link(const Entry& entry, const Parts& parts) {
    const auto target = parts_of_name(entry.target);
    if (parts.empty() || !target || target->empty()) {
      skip(entry, "it leaves the directory");
      return;
    }
    // Both directories are needed at once, but `directory` keeps only one open.
    const int target_parent = directory(*target, target->size() - 1);
    const base::Fd from(target_parent < 0 ? -1 : ::fcntl(target_parent, F_DUPFD_CLOEXEC, 0));
    struct stat info {};
    if (!from || ::fstatat(from.get(), target->back().c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(info.st_mode)) {
      skip(entry, "its target is not a preceding file");
      return;
    }
    const int parent = directory(parts, parts.size() - 1);
    if (parent < 0 || ::linkat(from.get(), target->back().c_str(), parent, parts.back().c_str(), 0) != 0) {
      skip_or_fail(kind_name(entry.kind), entry.name);
    }
  }

  void make_links() {
    LinkCheck check(m_root.get(), m_stop);
    for (const auto& [path, target] : m_links.links()) {
      if (m_stop.stop_requested()) {
        throw Stopped();
      }
      const auto parts = *parts_of_name(path);
      if (const auto why = check.why_not(parts, target); !why.empty()) {
        skip("link", path, why);
        continue;
      }
      const int parent = directory(parts, parts.size() - 1);
      if (parent < 0 || ::symlinkat(target.c_str(), parent, parts.back().c_str()) != 0) {
        skip_or_fail("link", path);
      }
    }
  }

  /// Counts `bytes` before they are written.
  /// @throws base::Error if the total exceeds what the survey counted, or the free space
  void count(std::uint64_t bytes) {
    m_since_check += bytes;
    m_written += bytes;
    if (m_written > m_survey.bytes + k_cost_of_entry * (2 * m_survey.entries + k_unlisted_directories)) {
      throw base::Error("it holds more than its headers say");
    }
    if (m_since_check >= k_bytes_between_checks) {
      m_since_check = 0;
      const FreeSpace space = free_space(m_root.get());
      if (space.bytes < k_bytes_between_checks || space.files == 0) {
        throw base::Error("no space left on this machine");
      }
    }
  }

  Reader m_reader;
  const Survey& m_survey;
  base::Fd m_root;
  const std::stop_token& m_stop;
  UnpackReport m_report;
  LinkList m_links;
  base::Fd m_last;  ///< The most recently used directory, unless it is the root.
  Parts m_last_parts;
  std::uint64_t m_written{0};
  std::uint64_t m_since_check{0};
  std::uint64_t m_directories{0};
};

}  // namespace

UnpackReport unpack(const std::filesystem::path& file, const Survey& survey, const std::filesystem::path& target,
                    const std::stop_token& stop) {
  if (::mkdir(target.c_str(), 0777) != 0) {
    throw base::SystemError("cannot create the directory " + target.string());
  }
  try {
    return Unpacking(file, survey, target, stop).run();
  } catch (base::Error& error) {
    if (!remove_tree(target, stop)) {
      throw base::Error(fmt::format("{}; unpacked files are left in {}: delete them", error.what(), target.string()));
    }
    throw;
  }
}

}  // namespace torc::archive
