#pragma once

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace torc::support {

/// Compresses bytes into a gzip member.
inline std::string gzip(std::string_view bytes) {
  z_stream zlib{};
  if (::deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::runtime_error("deflateInit2");
  }
  std::string result(::deflateBound(&zlib, bytes.size()) + 64, '\0');
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  zlib.avail_in = static_cast<uInt>(bytes.size());
  zlib.next_out = reinterpret_cast<Bytef*>(result.data());
  zlib.avail_out = static_cast<uInt>(result.size());
  const int status = ::deflate(&zlib, Z_FINISH);
  result.resize(zlib.total_out);
  ::deflateEnd(&zlib);
  return status == Z_STREAM_END ? result : throw std::runtime_error("deflate");
}

/// Builds tar archives (ustar with GNU's long names) with entries that no tar program would write.
class TarBuilder {
 public:
  struct Extra {
    unsigned mode{0644};
    std::string target{};
    std::int64_t claimed_size{-1};  ///< Size in the header; default: that of the content.
  };

  TarBuilder& file(const std::string& name, std::string_view content, unsigned mode = 0644) {
    return add('0', name, content, {.mode = mode});
  }

  /// @param type  '0' file, '1' hard link, '2' symbolic link, '3' character device, '4' block device, '5' directory,
  ///              '6' FIFO.
  TarBuilder& add(char type, const std::string& name, std::string_view content, const Extra& extra) {
    if (name.size() > 100) {
      block('L', "././@LongLink", name + '\0', {});
    }
    if (extra.target.size() > 100) {
      block('K', "././@LongLink", extra.target + '\0', {});
    }
    block(type, name, content, extra);
    return *this;
  }

  TarBuilder& add(char type, const std::string& name, const std::string& target = {}, unsigned mode = 0644) {
    return add(type, name, {}, {.mode = mode, .target = target});
  }

  /// Appends bytes unchanged.
  TarBuilder& raw(std::string_view bytes) {
    m_bytes += bytes;
    return *this;
  }

  std::string bytes() const { return m_bytes + std::string(1024, '\0'); }

  const std::filesystem::path& write(const std::filesystem::path& file) const { return write(file, gzip(bytes())); }

  static const std::filesystem::path& write(const std::filesystem::path& file, const std::string& bytes) {
    std::ofstream(file, std::ios::binary) << bytes;
    return file;
  }

 private:
  using Header = std::array<char, 512>;

  static void put(Header& header, std::size_t at, std::size_t size, std::string_view text) {
    std::memcpy(header.data() + at, text.data(), std::min(size, text.size()));
  }

  static void octal(Header& header, std::size_t at, std::size_t size, std::uint64_t value) {
    for (std::size_t i = size - 1; i-- > 0; value /= 8) {
      header[at + i] = static_cast<char>('0' + value % 8);
    }
  }

  void block(char type, const std::string& name, std::string_view content, const Extra& extra) {
    Header header{};
    put(header, 0, 100, name);
    octal(header, 100, 8, extra.mode);
    octal(header, 108, 8, 0);
    octal(header, 116, 8, 0);
    octal(header, 124, 12, extra.claimed_size < 0 ? content.size() : static_cast<std::uint64_t>(extra.claimed_size));
    octal(header, 136, 12, 1'700'000'000);
    put(header, 148, 8, "        ");
    header[156] = type;
    put(header, 157, 100, extra.target);
    put(header, 257, 8, std::string_view("ustar  \0", 8));
    unsigned sum = 0;
    for (const char c : header) {
      sum += static_cast<unsigned char>(c);
    }
    octal(header, 148, 7, sum);
    m_bytes.append(header.data(), header.size());
    m_bytes += content;
    m_bytes.append((512 - content.size() % 512) % 512, '\0');
  }

  std::string m_bytes;
};

}  // namespace torc::support
