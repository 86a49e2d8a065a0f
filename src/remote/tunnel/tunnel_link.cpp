#include "torc/remote/tunnel_link.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "remote/scripts/scripts.hpp"
#include "remote/tunnel/tunnel_clients.hpp"
#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/file_lock.hpp"
#include "torc/base/sleep.hpp"
#include "torc/base/strings.hpp"
#include "torc/model/json.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::remote {
namespace {

// Cannot be a worker's directory, because worker keys do not begin with a dot.
constexpr const char* k_tunnel_directory = ".tunnel";

std::filesystem::path state_root() {
  const std::string given = base::env_or("XDG_STATE_HOME");
  return (given.starts_with('/') ? std::filesystem::path(given) : base::home_directory() / ".local" / "state") / "torc";
}

/// A socket's path may have 107 bytes; a path through the descriptor of its directory is always short enough.
struct SocketPath {
  base::Fd directory;
  sockaddr_un address{};

  explicit SocketPath(const std::filesystem::path& parent) : directory(base::open_file(parent, O_PATH | O_DIRECTORY)) {
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/control", directory.get());
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

base::Fd new_socket(int flags) {
  base::Fd socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)};
  if (!socket) {
    throw base::SystemError("cannot create a socket");
  }
  return socket;
}

/// @throws base::Error if that takes too long
void wait_for(int socket, short event, std::chrono::steady_clock::time_point until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now()).count();
  pollfd polled{socket, event, 0};
  if (left <= 0 || ::poll(&polled, 1, static_cast<int>(left)) == 0) {
    throw base::Error("the tunnel's process did not answer in time");
  }
}

/// Reads one line. @throws base::Error
std::string read_answer(int socket, std::chrono::steady_clock::time_point until) {
  std::string answer;
  std::array<char, 16384> buffer;
  while (!answer.ends_with('\n')) {
    const ssize_t count = ::read(socket, buffer.data(), buffer.size());
    if (count > 0) {
      answer.append(buffer.data(), static_cast<std::size_t>(count));
    } else if (count < 0 && errno == EAGAIN) {
      wait_for(socket, POLLIN, until);
    } else if (count == 0 || errno != EINTR) {
      throw base::Error("the tunnel's process has ended");
    }
  }
  return answer;
}

}  // namespace

TunnelInfo TunnelInfo::of_this_process(const TunnelTarget& target) {
  const pid_t pid = ::getpid();
  return {.pid = pid,
          .start_ticks = proc::start_ticks(pid).value_or(0),
          .boot_id = proc::boot_id(),
          .host = proc::host_name(),
          .target = target.text()};
}

bool TunnelInfo::is_alive() const {
  const auto ticks = proc::may_be_this_boot(boot_id) ? proc::start_ticks(static_cast<pid_t>(pid)) : std::nullopt;
  return ticks && *ticks == start_ticks;
}

TunnelInfo::State TunnelInfo::state() const {
  if (over) {
    return State::over;
  }
  if (!ended.empty()) {
    return State::died;
  }
  if (!proc::may_be_this_boot(boot_id)) {
    // Another boot of this machine, or another machine with the same home directory.
    return host == proc::host_name() ? State::died : State::elsewhere;
  }
  return is_alive() ? State::running : State::died;
}

TunnelPlace::TunnelPlace(const WorkflowRef& workflow)
    : m_directory(state_root() / safe_id(workflow.server_id) / std::to_string(workflow.workflow_id) /
                  k_tunnel_directory) {}

void TunnelPlace::make() const {
  std::error_code error;
  std::filesystem::create_directories(m_directory, error);
  if (error) {
    throw base::SystemError("cannot create " + m_directory.string(), error.value());
  }
  // Anyone who can open the socket can request connections.
  if (::chmod(m_directory.c_str(), 0700) != 0) {
    throw base::SystemError("cannot restrict the permissions of " + m_directory.string());
  }
}

std::optional<TunnelInfo> TunnelPlace::info() const {
  try {
    const auto json = model::parse_json(base::read_file(m_directory / "state"));
    TunnelInfo info;
    info.pid = json.at("pid").get<std::int64_t>();
    info.start_ticks = json.at("start_ticks").get<std::uint64_t>();
    info.boot_id = json.at("boot_id").get<std::string>();
    info.host = json.at("host").get<std::string>();
    info.target = json.at("target").get<std::string>();
    info.id = json.at("id").get<std::string>();
    info.ended = json.at("ended").get<std::string>();
    info.over = json.at("over").get<bool>();
    info.ports = json.at("ports").get<std::map<std::string, int>>();
    info.down = json.at("down").get<std::map<std::string, std::string>>();
    return info;
  } catch (const base::Error&) {
    return std::nullopt;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void TunnelPlace::write(const TunnelInfo& info) const {
  base::write_file_atomically(m_directory / "state",
                              model::dump_json({{"pid", info.pid},
                                                {"start_ticks", info.start_ticks},
                                                {"boot_id", info.boot_id},
                                                {"host", info.host},
                                                {"target", info.target},
                                                {"id", info.id},
                                                {"ended", info.ended},
                                                {"over", info.over},
                                                {"ports", info.ports},
                                                {"down", info.down}},
                                               1) +
                                  "\n",
                              0600);
}

base::Fd TunnelPlace::take_lock() const {
  base::Fd lock = base::lock_file(m_directory / "lock", base::k_lock_timeout);
  if (!lock) {
    // A tunnel forks into the background after it has taken the lock, so only the state file has its current PID.
    const auto known = info();
    throw base::Error(fmt::format("this workflow's tunnel is already held: {} holds {}",
                                  known && known->is_alive()
                                      ? fmt::format("process {} on {}", known->pid, base::printable(known->host))
                                      : base::lock_holder(m_directory / "lock"),
                                  (m_directory / "lock").string()));
  }
  return lock;
}

base::Fd TunnelPlace::take_start_lock(const std::stop_token& stop,
                                      const std::function<void(const std::string&)>& on_long_wait) const {
  constexpr std::chrono::milliseconds k_look_again{50};
  const auto path = m_directory / "start_lock";
  const auto name_holder_at = std::chrono::steady_clock::now() + base::k_lock_timeout;
  bool named = false;
  // Polls instead of blocking in the lock call, which no signal would interrupt: a separate thread receives all
  // signals.
  for (;;) {
    base::Fd lock = base::lock_file(path);
    if (lock) {
      return lock;
    }
    if (!named && std::chrono::steady_clock::now() >= name_holder_at) {
      named = true;
      on_long_wait(fmt::format("{} holds {}", base::lock_holder(path), path.string()));
    }
    if (!base::sleep_unless_stopped(std::chrono::steady_clock::now() + k_look_again, stop)) {
      throw base::Error("interrupted");
    }
  }
}

base::Fd TunnelPlace::listen() const {
  const SocketPath path(m_directory);
  ::unlink(path.address.sun_path);  // Removes the socket of a process that was killed.
  base::Fd socket = new_socket(SOCK_NONBLOCK);
  if (::bind(socket.get(), path.get(), sizeof path.address) != 0 || ::listen(socket.get(), 64) != 0) {
    throw base::SystemError("cannot listen at " + (m_directory / "control").string());
  }
  return socket;
}

base::Fd TunnelPlace::connect() const {
  try {
    const SocketPath path(m_directory);
    base::Fd socket = new_socket(SOCK_NONBLOCK);
    return ::connect(socket.get(), path.get(), sizeof path.address) == 0 ? std::move(socket) : base::Fd();
  } catch (const base::SystemError&) {
    return {};  // The directory does not exist, because no tunnel was ever started.
  }
}

void TunnelLink::send(const std::string& line, std::chrono::steady_clock::time_point until) {
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t count = ::send(m_socket.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (count > 0) {
      sent += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      wait_for(m_socket.get(), POLLOUT, until);
    } else if (errno != EINTR) {
      throw base::Error("the tunnel's process closed the connection");
    }
  }
}

std::string TunnelLink::ask(const std::string& request, std::chrono::milliseconds limit, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + limit;
  const int socket = m_socket.get();
  // The shutdown makes the socket readable.
  const std::stop_callback interrupt(stop, [socket] { ::shutdown(socket, SHUT_RDWR); });
  try {
    send(request + "\n", until);
    return read_answer(socket, until);
  } catch (const base::Error&) {
    if (stop.stop_requested()) {
      throw base::Error("interrupted");
    }
    throw;
  }
}

std::vector<Forward> TunnelLink::hold(const std::vector<Worker>& workers, const SshOptions& options,
                                      std::chrono::milliseconds limit, const std::stop_token& stop) {
  return parse_tunnel_answer(ask(TunnelRequest{.workers = workers, .options = options}.text(), limit, stop));
}

void TunnelLink::end_when_idle() {
  constexpr std::chrono::seconds k_limit{10};
  parse_tunnel_answer(ask(TunnelRequest{.end_when_idle = true}.text(), k_limit, {}));
}

}  // namespace torc::remote
