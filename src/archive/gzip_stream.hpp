#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "torc/base/fd.hpp"

namespace torc::archive {

/// For zlib: the largest window (15), and gzip headers and trailers (16).
inline constexpr int k_gzip_window_bits = 15 + 16;

/// Reads a gzip file (RFC 1952) with one or more members as a stream of unpacked bytes, piece by piece, so that the
/// caller can stop between pieces and knows how many bytes have been unpacked. Checks the CRC and length of each
/// member.
class GzipStream {
 public:
  /// @throws base::Error if it is not a regular file or cannot be opened
  explicit GzipStream(const std::filesystem::path& file);
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  ~GzipStream();

  /// The next bytes, at most `k_piece`; empty at the end. Valid until the next call.
  /// @throws base::Error if the data are damaged or incomplete
  std::string_view read();

  std::uint64_t packed_size() const { return m_packed_size; }
  std::uint64_t unpacked_so_far() const { return m_unpacked; }

  static constexpr std::size_t k_piece = std::size_t{1} << 16U;

 private:
  /// Reads more input. @returns false at the end of the file
  bool fill();
  /// Call this after the end of a member. @returns whether another one follows
  bool begin_next_member();

  base::Fd m_file;
  std::uint64_t m_packed_size{0};
  std::uint64_t m_unpacked{0};
  z_stream m_zlib{};
  bool m_ended{false};
  std::vector<unsigned char> m_in;
  std::vector<unsigned char> m_out;
};

}  // namespace torc::archive
