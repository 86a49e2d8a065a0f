// Theory of operation: zlib unpacks (GzipStream), and libarchive parses the unpacked tar data. Only the tar format is
// enabled in libarchive, because every other format is more code that parses untrusted bytes. libarchive's own gzip
// filter is not used, because it checks neither CRC nor length, and because limiting the size of each header requires
// counting unpacked bytes: the map of a sparse file takes memory in proportion to its header, and a header of a
// gigabyte can be compressed to a megabyte.

#include "torc/archive/reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <limits>

#include "archive/gzip_stream.hpp"

namespace torc::archive {
namespace {

constexpr std::uint64_t k_max_header_bytes = std::uint64_t{1} << 24U;
constexpr std::uint64_t k_no_budget = std::numeric_limits<std::uint64_t>::max();

std::string text_or_empty(const char* text) {
  return text != nullptr ? text : "";
}

Kind kind_of(::archive_entry* entry) {
  if (::archive_entry_hardlink(entry) != nullptr) {
    return Kind::hard_link;
  }
  switch (::archive_entry_filetype(entry)) {
    case S_IFREG:
      return Kind::file;
    case S_IFDIR:
      return Kind::directory;
    case S_IFLNK:
      return Kind::symbolic_link;
    case S_IFBLK:
    case S_IFCHR:
      return Kind::device;
    case S_IFIFO:
      return Kind::fifo;
    case S_IFSOCK:
      return Kind::socket;
    default:
      return Kind::other;
  }
}

struct FreeReader {
  void operator()(::archive* reader) const noexcept { ::archive_read_free(reader); }
};

}  // namespace

std::string_view kind_name(Kind kind) {
  switch (kind) {
    case Kind::file:
      return "file";
    case Kind::directory:
      return "directory";
    case Kind::symbolic_link:
      return "link";
    case Kind::hard_link:
      return "hard link";
    case Kind::device:
      return "device";
    case Kind::fifo:
      return "FIFO";
    case Kind::socket:
      return "socket";
    case Kind::other:
      break;
  }
  return "entry of an unknown type";
}

struct Reader::Impl {
  Impl(const std::filesystem::path& file, std::stop_token stop_token) : stream(file), stop(std::move(stop_token)) {}

  /// libarchive's read callback. Exceptions must not propagate through C code, so they are stored and thrown by
  /// `check`.
  static la_ssize_t read_piece(::archive* reader, void* self, const void** buffer) {
    auto& impl = *static_cast<Impl*>(self);
    try {
      if (impl.stop.stop_requested()) {
        throw Stopped();
      }
      const auto piece = impl.stream.read();
      if (piece.size() > impl.budget) {
        throw base::Error("one of its headers is too large");
      }
      if (impl.budget != k_no_budget) {
        impl.budget -= piece.size();
      }
      *buffer = piece.data();
      return static_cast<la_ssize_t>(piece.size());
    } catch (...) {
      impl.stored_error = std::current_exception();
      ::archive_set_error(reader, EIO, "see the exception");
      return -1;
    }
  }

  /// @throws the stored exception, or base::Error if `status` is an error
  void check(int status) {
    if (stored_error) {
      std::rethrow_exception(stored_error);
    }
    // ARCHIVE_WARN: a name is not valid in this locale. Names are used as bytes.
    if (status != ARCHIVE_OK && status != ARCHIVE_EOF && status != ARCHIVE_WARN) {
      throw base::Error("it is damaged or not a tar archive: " + text_or_empty(::archive_error_string(reader.get())));
    }
  }

  GzipStream stream;
  std::stop_token stop;
  std::unique_ptr<::archive, FreeReader> reader{::archive_read_new()};
  std::uint64_t budget{k_no_budget};  ///< Remaining unpacked bytes for the current header.
  std::exception_ptr stored_error{};
  bool has_entry{false};
};

Reader::Reader(const std::filesystem::path& file, std::stop_token stop)
    : m_impl(std::make_unique<Impl>(file, std::move(stop))) {
  if (!m_impl->reader || ::archive_read_support_format_tar(m_impl->reader.get()) != ARCHIVE_OK) {
    throw base::Error("out of memory");
  }
  m_impl->check(::archive_read_open(m_impl->reader.get(), m_impl.get(), nullptr, &Impl::read_piece, nullptr));
}

Reader::~Reader() = default;

std::optional<Entry> Reader::next() {
  if (m_impl->stop.stop_requested()) {
    throw Stopped();
  }
  ::archive* const reader = m_impl->reader.get();
  // Skip the rest of the last entry's content, which does not count for the next header.
  if (m_impl->has_entry) {
    m_impl->check(::archive_read_data_skip(reader));
  }
  m_impl->budget = k_max_header_bytes;
  ::archive_entry* entry = nullptr;
  const int status = ::archive_read_next_header(reader, &entry);
  m_impl->check(status);
  m_impl->budget = k_no_budget;
  m_impl->has_entry = status != ARCHIVE_EOF;
  if (status == ARCHIVE_EOF) {
    return std::nullopt;
  }
  Entry result;
  result.name = text_or_empty(::archive_entry_pathname(entry));
  result.kind = kind_of(entry);
  result.size =
      result.kind == Kind::file ? static_cast<std::uint64_t>(std::max<la_int64_t>(::archive_entry_size(entry), 0)) : 0;
  result.mode = ::archive_entry_mode(entry) & 07777U;
  result.modified = ::archive_entry_mtime(entry);
  result.target =
      text_or_empty(result.kind == Kind::hard_link ? ::archive_entry_hardlink(entry) : ::archive_entry_symlink(entry));
  return result;
}

std::optional<Block> Reader::read() {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int status = ::archive_read_data_block(m_impl->reader.get(), &data, &size, &offset);
  m_impl->check(status);
  if (status == ARCHIVE_EOF) {
    return std::nullopt;
  }
  return Block{.offset = static_cast<std::uint64_t>(std::max<la_int64_t>(offset, 0)),
               .data = {static_cast<const char*>(data), size}};
}

std::uint64_t Reader::packed_size() const {
  return m_impl->stream.packed_size();
}

}  // namespace torc::archive
