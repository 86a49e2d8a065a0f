// Theory of operation: one thread, one poll loop. This side of the child's three pipes is non-blocking; an eventfd
// wakes the loop when a stop is requested. The loop ends when both outputs have ended and the child is reaped, or a
// grace period after the child was told to end.

#include "torc/proc/command.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include <fmt/format.h>

#include "proc/grace.hpp"
#include "torc/base/error.hpp"
#include "torc/base/fd.hpp"
#include "torc/base/file.hpp"
#include "torc/base/non_blocking.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/process_info.hpp"
#include "torc/proc/spawn.hpp"

namespace torc::proc {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds k_progress_check{1'000};
/// Maximum reads of a pipe between checks of the limits.
constexpr int k_reads = 64;
constexpr std::int64_t k_least_progress{4'096};
/// How long to wait for output after the child has ended. A process that it left behind (the master of a shared ssh
/// connection) may keep the pipes open forever.
constexpr milliseconds k_linger{500};

/// Size of a file, or -1 if it does not exist.
std::int64_t file_size(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::int64_t>(info.st_size) : -1;
}

/// Bytes that a process has read and written so far; 0 if unknown.
std::int64_t bytes_moved(pid_t pid) {
  std::int64_t sum = 0;
  for (const auto& line : base::split_lines(base::read_file_or_empty(fmt::format("/proc/{}/io", pid)))) {
    for (const std::string_view name : {"rchar: ", "wchar: "}) {
      if (line.starts_with(name)) {
        sum += base::parse_int(line.substr(name.size())).value_or(0);
      }
    }
  }
  return sum;
}

class Run {
 public:
  Run(const Command& command, const std::stop_token& stop)
      : m_command(command),
        m_wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
        m_on_stop(stop, Wake{m_wake.get()}),
        m_on_kill_now(command.kill_now, Wake{m_wake.get()}) {
    m_stop_requested = [stop] { return stop.stop_requested(); };
  }

  CommandResult execute() {
    start();
    if (!m_child.running()) {
      return std::move(m_result);
    }
    m_deadline = Clock::now() + m_command.limit;
    if (m_command.longest) {
      m_last = Clock::now() + *m_command.longest;
    }
    while (!finished()) {
      turn();
    }
    if (m_result.end == CommandResult::End::not_started) {
      const ExitStatus status = m_exit ? *m_exit : m_child.wait();
      m_result.end = status.signaled ? CommandResult::End::signaled : CommandResult::End::exited;
      m_result.code = status.code;
    }
    return std::move(m_result);
  }

 private:
  struct Wake {
    int fd;
    void operator()() const noexcept {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
    }
  };

  void start() {
    base::Pipe in = base::Pipe::create();
    base::Pipe out = base::Pipe::create();
    base::Pipe err = base::Pipe::create();
    SpawnOptions options;
    options.argv = m_command.argv;
    options.env = m_command.env;
    options.stdin_fd = in.read_end.get();
    options.stdout_fd = out.write_end.get();
    options.stderr_fd = err.write_end.get();
    try {
      m_child = Child::spawn(options);
    } catch (const base::Error& error) {
      m_result.err = error.what();
      return;
    }
    m_in = std::move(in.write_end);
    m_out = std::move(out.read_end);
    m_err = std::move(err.read_end);
    base::set_non_blocking(m_in.get());
    base::set_non_blocking(m_out.get());
    base::set_non_blocking(m_err.get());
    m_pending = m_command.input;
    m_asked = !m_command.answer;
    close_input_when_done();
  }

  bool finished() {
    if (m_killed_at && Clock::now() > *m_killed_at + k_grace) {
      return true;  // A process outside of the process group keeps the pipes open: do not wait for it.
    }
    return m_exit && ((!m_out && !m_err) || Clock::now() > m_exited_at + k_linger);
  }

  void turn() {
    std::array<pollfd, 5> polled{pollfd{m_out.get(), POLLIN, 0}, pollfd{m_err.get(), POLLIN, 0},
                                 pollfd{m_pending.empty() ? -1 : m_in.get(), POLLOUT, 0},
                                 pollfd{m_killed_at || m_exit ? -1 : m_wake.get(), POLLIN, 0},
                                 pollfd{m_exit ? -1 : m_child.end_fd(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), poll_timeout());
    if (polled[0].revents != 0) {
      drain(m_out, m_result.out);
      ask();
      record_progress();
    }
    if (polled[1].revents != 0) {
      drain(m_err, m_result.err);
    }
    if (polled[2].revents != 0) {
      feed();
    }
    if (polled[3].revents != 0) {
      std::uint64_t requests = 0;  // Each request wakes the loop once.
      [[maybe_unused]] const ssize_t count = ::read(m_wake.get(), &requests, sizeof requests);
    }
    if (polled[4].revents != 0 && !m_exit) {
      if (m_ending) {
        // Its descendants may ignore SIGTERM, and their group can no longer be signaled safely once the child is
        // reaped.
        m_child.signal(SIGKILL);
      }
      m_exit = m_child.try_wait();
      if (m_exit) {
        m_exited_at = Clock::now();
        m_in.reset();
        m_pending.clear();
      }
    }
    check_limits();
  }

  int poll_timeout() const {
    if (m_exit) {
      return static_cast<int>(k_linger.count()) + 1;
    }
    auto until = m_ending ? (m_killed_at ? *m_killed_at + k_grace : m_term_at + k_grace) : deadline();
    auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (!m_ending && (!m_command.progress_file.empty() || m_command.limit_is_standstill)) {
      left = std::min(left, k_progress_check);
    }
    return static_cast<int>(std::clamp<std::int64_t>(left.count() + 1, 0, 3'600'000));
  }

  Clock::time_point deadline() const { return std::min(m_deadline, m_last); }

  /// Limited, so that the limits also apply to a program that prints faster than this reads.
  void drain(base::Fd& fd, std::string& into) {
    std::array<char, 65536> buffer;
    for (int reads = 0; reads < k_reads; ++reads) {
      const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
      if (count > 0) {
        const auto size = static_cast<std::size_t>(count);
        const std::size_t room = m_command.output_limit - std::min(m_command.output_limit, into.size());
        into.append(buffer.data(), std::min(room, size));
        m_is_flooded = m_is_flooded || (m_command.flood_is_failure && size > room);
        continue;
      }
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
      }
      fd.reset();
      return;
    }
  }

  void feed() {
    const ssize_t count = ::write(m_in.get(), m_pending.data(), m_pending.size());
    if (count >= 0) {
      m_pending.erase(0, static_cast<std::size_t>(count));
    } else if (errno != EAGAIN && errno != EINTR) {
      // The child no longer reads its input; its exit status will tell why.
      m_pending.clear();
      m_asked = true;
    }
    close_input_when_done();
  }

  void close_input_when_done() {
    if (m_pending.empty() && m_asked) {
      m_in.reset();
    }
  }

  /// Answers the question if it is in the output so far.
  void ask() {
    if (m_asked) {
      return;
    }
    const std::string line = m_command.question + "\n";
    std::size_t found = m_result.out.starts_with(line) ? 0 : m_result.out.find("\n" + line, m_searched);
    if (found == std::string::npos) {
      m_searched = m_result.out.size() - std::min(m_result.out.size(), line.size());
      return;
    }
    found += m_result.out.starts_with(line) ? 0 : 1;
    const std::string before = m_result.out.substr(0, found);
    m_result.out.erase(0, found + line.size());
    m_line_at = 0;
    m_asked = true;
    const auto asked_at = Clock::now();
    m_pending += m_command.answer(before);
    // Answering may have taken long, which does not count for this child.
    m_deadline = Clock::now() + m_command.limit;
    if (m_command.longest) {
      m_last += Clock::now() - asked_at;
    }
    close_input_when_done();
  }

  /// Evaluates progress marks in newly completed lines.
  void record_progress() {
    if (m_command.progress_mark.empty()) {
      return;
    }
    const std::string mark = m_command.progress_mark + " ";
    for (auto end = m_result.out.find('\n', m_line_at); end != std::string::npos;
         end = m_result.out.find('\n', m_line_at)) {
      const auto line = std::string_view(m_result.out).substr(m_line_at, end - m_line_at);
      m_line_at = end + 1;
      const auto number = line.starts_with(mark) ? base::parse_int(line.substr(mark.size())) : std::nullopt;
      if (number && *number > m_marked) {
        m_marked = *number;
        m_deadline = Clock::now() + m_command.limit;
      }
    }
  }

  void check_limits() {
    if (m_exit) {
      return;  // It has exited; only the rest of its output is pending.
    }
    const auto now = Clock::now();
    if (m_ending) {
      if (!m_killed_at && (now >= m_term_at + k_grace || m_command.kill_now.stop_requested())) {
        m_child.signal(SIGKILL);
        m_killed_at = now;
      }
      return;
    }
    if (m_stop_requested()) {
      terminate(CommandResult::End::canceled);
      check_limits();  // `kill_now` may have been requested, too.
      return;
    }
    if (makes_progress()) {
      m_deadline = now + m_command.limit;
    }
    if (m_is_flooded) {
      terminate(CommandResult::End::flooded);
    } else if (now >= deadline()) {
      terminate(CommandResult::End::timed_out);
    }
  }

  bool makes_progress() {
    const auto before = m_progress;
    if (!m_command.progress_file.empty()) {
      const std::int64_t size = file_size(m_command.progress_file);
      m_is_flooded = m_is_flooded || size > m_command.progress_file_limit;
      // Smaller growth does not count: byte by byte, the transfer would take forever.
      if (size >= m_progress + k_least_progress || (size >= 0 && before < 0)) {
        m_progress = size;
      }
    } else if (m_command.limit_is_standstill) {
      std::int64_t sum = bytes_moved(m_child.pid());
      for (const pid_t pid : descendants(m_child.pid())) {
        sum += bytes_moved(pid);
      }
      // Keepalive messages of ssh are not progress. The sum decreases if one of several processes has ended.
      if (sum > before + k_least_progress || sum < before) {
        m_progress = sum;
      }
    }
    return m_progress != before;
  }

  void terminate(CommandResult::End why) {
    m_result.end = why;
    m_ending = true;
    m_term_at = Clock::now();
    m_child.signal(SIGTERM);
    m_in.reset();
    m_pending.clear();
    m_asked = true;
  }

  const Command& m_command;
  base::Fd m_wake;
  std::stop_callback<Wake> m_on_stop;
  std::stop_callback<Wake> m_on_kill_now;
  std::function<bool()> m_stop_requested;
  CommandResult m_result;
  Child m_child;
  std::optional<ExitStatus> m_exit;
  base::Fd m_in;
  base::Fd m_out;
  base::Fd m_err;
  std::string m_pending;
  bool m_asked{true};
  bool m_ending{false};
  bool m_is_flooded{false};
  std::size_t m_searched{0};  ///< The output up to here does not contain the question.
  std::size_t m_line_at{0};   ///< Start of the first line not yet checked for a mark.
  std::int64_t m_marked{-1};
  std::int64_t m_progress{-1};
  Clock::time_point m_deadline;
  Clock::time_point m_last{Clock::time_point::max()};  ///< Limit regardless of progress.
  Clock::time_point m_term_at;
  Clock::time_point m_exited_at;
  std::optional<Clock::time_point> m_killed_at;
};

}  // namespace

CommandResult run_command(const Command& command, const std::stop_token& stop) {
  return Run(command, stop).execute();
}

}  // namespace torc::proc
