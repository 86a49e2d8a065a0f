#include "torc/archive/gzip_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <vector>

#include "archive/gzip_stream.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::archive {
namespace {

constexpr int k_default_memory_level = 8;
constexpr std::size_t k_piece = std::size_t{1} << 18U;

class Deflater {
 public:
  Deflater() {
    if (::deflateInit2(&m_zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, k_gzip_window_bits, k_default_memory_level,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
      throw base::SystemError("cannot compress a file", ENOMEM);
    }
  }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;
  ~Deflater() { ::deflateEnd(&m_zlib); }

  /// Compresses a piece and writes what has been completed.
  void write(std::vector<unsigned char>& piece, std::size_t size, bool is_last, int target) {
    m_zlib.next_in = piece.data();
    m_zlib.avail_in = static_cast<uInt>(size);
    do {
      m_zlib.next_out = m_out.data();
      m_zlib.avail_out = static_cast<uInt>(m_out.size());
      ::deflate(&m_zlib, is_last ? Z_FINISH : Z_NO_FLUSH);
      base::write_all(target, std::string_view(reinterpret_cast<const char*>(m_out.data()),
                                               m_out.size() - m_zlib.avail_out));
    } while (m_zlib.avail_out == 0);
  }

 private:
  z_stream m_zlib{};
  std::vector<unsigned char> m_out = std::vector<unsigned char>(k_piece);
};

}  // namespace

base::Fd gzip_file(const std::string& path) {
  const base::Fd source = base::open_file(path, O_RDONLY);
  base::Fd target(::memfd_create("compressed", MFD_CLOEXEC));
  if (!target) {
    throw base::SystemError("cannot compress " + path);
  }
  Deflater deflater;
  std::vector<unsigned char> piece(k_piece);
  for (;;) {
    const ssize_t count = ::read(source.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw base::SystemError("cannot read " + path);
    }
    deflater.write(piece, static_cast<std::size_t>(count), count == 0, target.get());
    if (count == 0) {
      return target;
    }
  }
}

}  // namespace torc::archive
