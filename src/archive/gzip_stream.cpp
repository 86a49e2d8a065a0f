#include "archive/gzip_stream.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "torc/base/beneath.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"

namespace torc::archive {
namespace {

constexpr unsigned char k_magic_1 = 0x1f;
constexpr unsigned char k_magic_2 = 0x8b;

}  // namespace

GzipStream::GzipStream(const std::filesystem::path& file)
    : m_file(base::open_file(file, O_RDONLY | O_NONBLOCK | O_NOCTTY)), m_in(k_piece), m_out(k_piece) {
  struct stat info {};
  if (::fstat(m_file.get(), &info) != 0) {
    throw base::SystemError("cannot read " + file.string());
  }
  if (!S_ISREG(info.st_mode)) {
    throw base::Error("it is a " + std::string(base::file_type_name(info.st_mode)) + ", not an archive");
  }
  m_packed_size = static_cast<std::uint64_t>(info.st_size);
  if (::inflateInit2(&m_zlib, k_gzip_window_bits) != Z_OK) {
    throw base::Error("out of memory");
  }
}

GzipStream::~GzipStream() {
  ::inflateEnd(&m_zlib);
}

bool GzipStream::fill() {
  for (;;) {
    const ssize_t count = ::read(m_file.get(), m_in.data(), m_in.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw base::SystemError("it cannot be read");
    }
    m_zlib.next_in = m_in.data();
    m_zlib.avail_in = static_cast<uInt>(count);
    return count > 0;
  }
}

bool GzipStream::begin_next_member() {
  if (m_zlib.avail_in == 0 && !fill()) {
    return false;
  }
  // Like gzip(1), ignores trailing data that is not a member, such as zeros that fill a tape block.
  const bool is_member = m_zlib.next_in[0] == k_magic_1 && (m_zlib.avail_in < 2 || m_zlib.next_in[1] == k_magic_2);
  return is_member && ::inflateReset(&m_zlib) == Z_OK;
}

std::string_view GzipStream::read() {
  m_zlib.next_out = m_out.data();
  m_zlib.avail_out = static_cast<uInt>(m_out.size());
  while (!m_ended && m_zlib.avail_out == m_out.size()) {
    if (m_zlib.avail_in == 0 && !fill()) {
      throw base::Error(m_packed_size == 0 ? "it is empty" : "it ends too early");
    }
    const int status = ::inflate(&m_zlib, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      m_ended = !begin_next_member();
    } else if (status == Z_MEM_ERROR) {
      throw base::Error("out of memory");
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      throw base::Error(m_unpacked == 0 && m_zlib.total_out == 0 ? "it is not a gzip file" : "its data are damaged");
    }
  }
  const std::size_t size = m_out.size() - m_zlib.avail_out;
  m_unpacked += size;
  return {reinterpret_cast<const char*>(m_out.data()), size};
}

}  // namespace torc::archive
