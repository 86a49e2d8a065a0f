// Theory of operation: one thread, started with the first check. It performs each check when it is due, and sleeps
// until the next one is. The first attempt is made at once. If an output is absent, a second attempt follows after
// reading its directory, because that makes a network file system query its server again, and further attempts with
// growing pauses until the timeout. The thread shares ownership of its data, so that it can be abandoned if the
// file system hangs.

#include "runner/jobs/output_checks.hpp"

#include <dirent.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "torc/base/strings.hpp"

namespace torc::runner {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds k_timeout_with_networks{5'000};
constexpr milliseconds k_first_pause{50};
constexpr milliseconds k_longest_pause{500};
/// The thread ends within this time unless a file system hangs.
constexpr milliseconds k_end_limit{1'000};

/// File systems that only this machine writes to, from statfs(2) and linux/magic.h. All others count as network file
/// systems. If one of those is local after all, missing outputs are only reported later.
constexpr std::array<std::uint32_t, 14> k_local_file_systems{
    0xEF53,      // ext2, ext3, ext4
    0x58465342,  // XFS
    0x9123683E,  // Btrfs
    0x01021994,  // tmpfs
    0x858458F6,  // ramfs
    0x794C7630,  // overlayfs
    0x2FC12FC1,  // ZFS
    0xF2F52010,  // F2FS
    0xCA451A4E,  // bcachefs
    0x3153464A,  // JFS
    0x52654973,  // ReiserFS
    0x4D44,      // FAT
    0x5346544E,  // NTFS
    0x73717368,  // SquashFS
};

/// Why the path does not exist, in words; no value if it exists.
std::optional<std::string> absence_of(const std::filesystem::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    return std::nullopt;
  }
  const int error = errno;
  return error == ENOENT || error == ENOTDIR
             ? std::string("does not exist")
             : "cannot be accessed: " + std::error_code(error, std::generic_category()).message();
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  const auto parent = path.has_filename() ? path.parent_path() : path.parent_path().parent_path();
  return parent.empty() ? std::filesystem::path(".") : parent;
}

/// When a directory is opened, network file systems compare their cached copy with the server.
void read_directory_of(const std::filesystem::path& path) {
  if (DIR* const directory = ::opendir(directory_of(path).c_str()); directory != nullptr) {
    while (::readdir(directory) != nullptr) {
    }
    ::closedir(directory);
  }
}

/// A check in progress.
struct Check {
  OutputChecks::Ticket ticket{0};
  std::vector<DeclaredOutput> outputs{};
  Clock::time_point due{};
  std::optional<Clock::time_point> give_up{};  ///< Set by the first attempt.
  milliseconds pause{k_first_pause};
};

std::vector<MissingOutput> find_missing(const std::vector<DeclaredOutput>& outputs, bool after_reading_directories) {
  std::vector<MissingOutput> missing;
  for (const auto& output : outputs) {
    if (after_reading_directories) {
      read_directory_of(output.path);
    }
    if (auto reason = absence_of(output.path)) {
      missing.push_back({.output = output, .reason = std::move(*reason)});
    }
  }
  return missing;
}

/// Makes one attempt. @returns what is missing; no value if another attempt is to follow
std::optional<std::vector<MissingOutput>> settle(Check& check, const OutputChecks::TimeoutOf& timeout) {
  auto missing = find_missing(check.outputs, /*after_reading_directories=*/check.give_up.has_value());
  if (!missing.empty() && !check.give_up) {
    milliseconds longest{0};
    for (const auto& each : missing) {
      longest = std::max(longest, timeout(each.output.path));
    }
    check.give_up = Clock::now() + longest;
    missing = find_missing(check.outputs, /*after_reading_directories=*/true);
  }
  const auto now = Clock::now();
  if (missing.empty() || now >= *check.give_up) {
    return missing;
  }
  check.due = std::min(*check.give_up, now + check.pause);
  check.pause = std::min(2 * check.pause, k_longest_pause);
  return std::nullopt;
}

}  // namespace

struct OutputChecks::Shared {
  Shared(std::function<void()> callback, TimeoutOf with_timeout)
      : on_checked(std::move(callback)), timeout(std::move(with_timeout)) {}

  void work();

  const std::function<void()> on_checked;
  const TimeoutOf timeout;
  std::mutex mutex;
  std::condition_variable changed;
  std::list<Check> checks;  ///< Waiting for their next attempt.
  std::vector<Checked> done;
  bool is_closed{false};
  bool has_ended{false};
  std::thread thread;
};

void OutputChecks::Shared::work() {
  ::pthread_setname_np(::pthread_self(), "outputs");  // For ps -L and debuggers.
  std::unique_lock lock(mutex);
  while (!is_closed) {
    const auto next =
        std::min_element(checks.begin(), checks.end(), [](const Check& a, const Check& b) { return a.due < b.due; });
    if (next == checks.end()) {
      changed.wait(lock);
      continue;
    }
    if (next->due > Clock::now()) {
      changed.wait_until(lock, next->due);
      continue;
    }
    std::list<Check> taken;
    taken.splice(taken.begin(), checks, next);
    lock.unlock();
    auto missing = settle(taken.front(), timeout);
    lock.lock();
    if (!missing) {
      checks.splice(checks.end(), taken);
    } else if (!is_closed) {
      done.push_back({.ticket = taken.front().ticket, .missing = std::move(*missing)});
      on_checked();
    }
  }
  has_ended = true;
  changed.notify_all();
}

OutputChecks::OutputChecks(std::function<void()> on_checked, TimeoutOf timeout)
    : m_shared(std::make_shared<Shared>(std::move(on_checked), std::move(timeout))) {}

OutputChecks::~OutputChecks() {
  std::unique_lock lock(m_shared->mutex);
  m_shared->is_closed = true;
  m_shared->changed.notify_all();
  if (!m_shared->thread.joinable()) {
    return;
  }
  const bool has_ended = m_shared->changed.wait_for(lock, k_end_limit, [this] { return m_shared->has_ended; });
  lock.unlock();
  if (has_ended) {
    m_shared->thread.join();
  } else {
    m_shared->thread.detach();
  }
}

OutputChecks::Ticket OutputChecks::begin(std::vector<DeclaredOutput> outputs) {
  const std::scoped_lock lock(m_shared->mutex);
  m_shared->checks.push_back({.ticket = ++m_next, .outputs = std::move(outputs), .due = Clock::now()});
  if (!m_shared->thread.joinable()) {
    m_shared->thread = std::thread([shared = m_shared] { shared->work(); });
  }
  m_shared->changed.notify_all();
  return m_next;
}

std::vector<OutputChecks::Checked> OutputChecks::take() {
  const std::scoped_lock lock(m_shared->mutex);
  return std::exchange(m_shared->done, {});
}

milliseconds OutputChecks::default_timeout(const std::filesystem::path& path) {
  // Uses the nearest existing directory, because the output's directory may be missing, too.
  struct statfs status {};
  auto at = directory_of(path);
  while (::statfs(at.c_str(), &status) != 0) {
    const auto parent = directory_of(at);
    if (parent == at) {
      return k_timeout_with_networks;
    }
    at = parent;
  }
  const auto magic = static_cast<std::uint32_t>(status.f_type);
  const bool is_local =
      std::find(k_local_file_systems.begin(), k_local_file_systems.end(), magic) != k_local_file_systems.end();
  return is_local ? milliseconds(0) : k_timeout_with_networks;
}

std::string words_for(const std::vector<MissingOutput>& missing) {
  std::vector<std::string> parts;
  parts.reserve(missing.size());
  for (const auto& each : missing) {
    parts.push_back(
        fmt::format("its output file '{}' ({}) {}", each.output.name, each.output.path.string(), each.reason));
  }
  return base::join(parts, "; ");
}

}  // namespace torc::runner
