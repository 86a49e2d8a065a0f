#include "metrics/process_stat.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <iterator>

#include "torc/base/fd.hpp"

namespace torc::metrics {
namespace {

/// Reads the numbers of a line one after the other.
class Fields {
 public:
  explicit Fields(std::string_view text) : m_at(text.data()), m_end(text.data() + text.size()) {}

  template <typename T>
  bool next(T& number) {
    while (m_at != m_end && *m_at == ' ') {
      ++m_at;
    }
    const auto [end, error] = std::from_chars(m_at, m_end, number);
    m_at = end;
    return error == std::errc{};
  }

  bool skip(int count) {
    for (std::int64_t ignored = 0; count > 0; --count) {
      if (!next(ignored)) {
        return false;
      }
    }
    return true;
  }

 private:
  const char* m_at;
  const char* m_end;
};

}  // namespace

std::optional<ProcessStat> parse_process_stat(pid_t pid, std::string_view text) {
  const auto name_end = text.rfind(')');
  if (name_end == std::string_view::npos || name_end + 2 >= text.size()) {
    return std::nullopt;
  }
  // Fields are numbered as in proc(5); the state is field 3.
  ProcessStat stat{.pid = pid, .state = text[name_end + 2]};
  Fields fields(text.substr(name_end + 3));
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  std::int64_t children_user = 0;
  std::int64_t children_system = 0;
  const bool ok = fields.next(stat.parent) && fields.skip(1) && fields.next(stat.session) &&  // 4, 6
                  fields.skip(7) && fields.next(user) && fields.next(system) &&               // 14, 15
                  fields.next(children_user) && fields.next(children_system) &&               // 16, 17
                  fields.skip(4) && fields.next(stat.start_ticks) &&                          // 22
                  fields.skip(1) && fields.next(stat.resident_pages);                         // 24
  if (!ok) {
    return std::nullopt;
  }
  stat.own_ticks = user + system;
  stat.children_ticks = static_cast<std::uint64_t>(std::max<std::int64_t>(children_user, 0)) +
                        static_cast<std::uint64_t>(std::max<std::int64_t>(children_system, 0));
  return stat;
}

std::optional<ProcessStat> read_process_stat(int proc_directory, pid_t pid) {
  std::array<char, 32> path{};
  constexpr std::string_view k_name = "/stat";
  const auto number = std::to_chars(path.data(), path.data() + path.size() - k_name.size() - 1, pid);
  *std::copy(k_name.begin(), k_name.end(), number.ptr) = '\0';
  const base::Fd file{::openat(proc_directory, path.data(), O_RDONLY | O_CLOEXEC)};
  if (!file) {
    return std::nullopt;
  }
  std::array<char, 2048> buffer;  // NOLINT: filled below; a line has about 50 numbers
  ssize_t size = 0;
  do {
    size = ::read(file.get(), buffer.data(), buffer.size());
  } while (size < 0 && errno == EINTR);
  if (size <= 0) {
    return std::nullopt;
  }
  return parse_process_stat(pid, {buffer.data(), static_cast<std::size_t>(size)});
}

}  // namespace torc::metrics
