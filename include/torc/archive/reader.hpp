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

/// Thrown after a stop request while an archive is read or unpacked.
class Stopped : public base::Error {
 public:
  Stopped() : base::Error("canceled") {}
};

enum class Kind { file, directory, symbolic_link, hard_link, device, fifo, socket, other };

/// "file", "directory", "link", "hard link", "device", "FIFO", "socket" or "entry of an unknown type".
std::string_view kind_name(Kind kind);

/// One entry of an archive. All values come from the archive and are untrusted.
struct Entry {
  std::string name{};  ///< Unchanged bytes from the archive, such as "./job_stdio/job_1.o".
  Kind kind{Kind::other};
  std::uint64_t size{0};     ///< Size of a file in bytes; 0 for other kinds.
  unsigned mode{0};          ///< Permissions including the setuid, setgid and sticky bits: at most 07777.
  std::int64_t modified{0};  ///< Seconds since 1970.
  std::string target{};      ///< Target of a link.
};

/// A part of a file's content. Gaps between blocks are holes.
struct Block {
  std::uint64_t offset{0};  ///< Within the file.
  std::string_view data{};  ///< Valid until the next call of the reader.
};

/// Reads an untrusted .tar.gz file sequentially in constant memory. Supports no other formats or compression methods,
/// and runs no helper programs.
///
/// Memory: headers of more than 16 MiB (names, maps of sparse files) are refused.
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

  /// The next entry; no value after the last one.
  std::optional<Entry> next();
  /// The next part of the current entry's content; no value after the last one.
  std::optional<Block> read();

  /// Size of the archive's file in bytes.
  std::uint64_t packed_size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> m_impl;
};

}  // namespace torc::archive
