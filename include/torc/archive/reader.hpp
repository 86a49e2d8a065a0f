#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "torc/base/error.hpp"

namespace torc::archive {

/// A stop was requested while an archive was read or unpacked.
class Stopped : public base::Error {
 public:
  Stopped() : base::Error("canceled") {}
};

enum class Kind { file, directory, symbolic_link, hard_link, device, fifo, socket, other };

/// "file", "directory", "link", "hard link", "device", "FIFO", "socket" or "entry of an unknown type".
std::string_view kind_name(Kind kind);

/// One entry of an archive, as the maker of the archive describes it.
struct Entry {
  std::string name{};  ///< Bytes as they are in the archive: "./job_stdio/job_1.o".
  Kind kind{Kind::other};
  std::uint64_t size{0};     ///< Of a file, in bytes; 0 of what is not a file.
  unsigned mode{0};          ///< Permissions with setuid, setgid and sticky bit: at most 07777.
  std::int64_t modified{0};  ///< Seconds since 1970.
  std::string target{};      ///< Of links.
};

/// A part of a file's content. What lies between two blocks is a hole.
struct Block {
  std::uint64_t offset{0};  ///< Within the file.
  std::string_view data{};  ///< Valid until the next call of the reader.
};

/// Reads a .tar.gz file that is not trusted, from its beginning to its end, in constant memory. Nothing else is
/// supported: neither other formats nor other kinds of compression, and no helper programs.
///
/// Memory: a header that takes more than 16 MiB (names, maps of sparse files) is refused.
/// A stop request is noticed within 64 KiB of unpacked data.
/// Single-threaded. Every method throws Stopped after a stop request, and base::Error if the archive is damaged; the
/// message is a clause without the file's name ("its data are damaged").
class Reader {
 public:
  /// @throws base::Error if it cannot be opened or is not a regular file
  explicit Reader(const std::filesystem::path& file, std::stop_token stop = {});
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader();

  /// The next entry; nothing after the last one.
  std::optional<Entry> next();
  /// The next part of the current entry's content; nothing after the last one.
  std::optional<Block> read();

  /// Size of the archive's file in bytes.
  std::uint64_t packed_size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::archive
