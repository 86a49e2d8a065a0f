#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "torc/base/fd.hpp"
#include "torc/remote/tunnel.hpp"

// How other commands find a workflow's tunnel: a directory with a lock, a state file that describes its process, and a
// socket.

namespace torc::remote {

/// The record of the process that holds a workflow's tunnel, kept in the state file.
struct TunnelInfo {
  std::int64_t pid{0};
  std::uint64_t start_ticks{0};
  std::string boot_id{};
  std::string host{};
  std::string target{};  ///< TunnelTarget::text
  /// TunnelSettings::id; the same for all tunnels in this directory, one after the other.
  std::string id{};
  std::string ended{};                        ///< Why it ended, if it ended in an orderly way or is about to.
  bool over{false};                           ///< The tunnel is not needed any more.
  std::map<std::string, int> ports{};         ///< By `Worker::stored`; also kept from the previous tunnel.
  std::map<std::string, std::string> down{};  ///< Why a worker currently has no forward, by the worker's name.

  /// The record of the calling process.
  static TunnelInfo of_this_process(const TunnelTarget& target);

  /// Whether the recorded process runs on this machine.
  bool is_alive() const;

  /// `over`: no runner needs the tunnel any more; `died`: it has ended, also by a signal, though runners may need it;
  /// `elsewhere`: it was started on another machine with the same home directory, so its state is unknown here.
  enum class State { running, elsewhere, over, died };
  State state() const;
};

/// The files of a workflow's tunnel, below the user's state directory.
class TunnelPlace {
 public:
  explicit TunnelPlace(const WorkflowRef& workflow);

  const std::filesystem::path& directory() const { return m_directory; }
  std::filesystem::path log_file() const { return m_directory / "log"; }

  /// Creates the directory, accessible to the user only. @throws base::SystemError
  void make() const;

  /// std::nullopt if there never was a tunnel, or the file is not valid.
  std::optional<TunnelInfo> info() const;
  /// @throws base::SystemError
  void write(const TunnelInfo& info) const;

  /// Takes the lock that a tunnel's process holds for its lifetime.
  /// @throws base::Error that names the holder, if another process still holds the lock after base::k_lock_timeout
  base::Fd take_lock() const;
  /// Takes the lock that a command holds while it looks for a tunnel and starts one; waits for other commands that hold
  /// it.
  /// @param on_long_wait  Called once, with a description of the lock's holder, if the wait takes longer than
  /// base::k_lock_timeout.
  /// @throws base::SystemError; base::Error if a stop is requested
  base::Fd take_start_lock(const std::stop_token& stop,
                           const std::function<void(const std::string&)>& on_long_wait) const;

  /// Creates the socket for `Tunnel::listen`; only the holder of the lock may call this. @throws base::SystemError
  base::Fd listen() const;
  /// Non-blocking. Returns an empty descriptor if there is no listener.
  base::Fd connect() const;

 private:
  std::filesystem::path m_directory;
};

/// A connection to the process that holds a tunnel. While it exists, the tunnel does not end on its own.
class TunnelLink {
 public:
  explicit TunnelLink(base::Fd socket) : m_socket(std::move(socket)) {}

  /// Requests forwards to these workers, and waits until each is up or has failed.
  /// @throws base::Error if no answer arrives within `limit`, or a stop is requested
  std::vector<Forward> hold(const std::vector<Worker>& workers, const SshOptions& options,
                            std::chrono::milliseconds limit, const std::stop_token& stop);

  /// Makes the tunnel end once no runner of the workflow is left. @throws base::Error if no answer arrives
  void end_when_idle();

 private:
  std::string ask(const std::string& request, std::chrono::milliseconds limit, const std::stop_token& stop);
  void send(const std::string& line, std::chrono::steady_clock::time_point until);

  base::Fd m_socket;
};

}  // namespace torc::remote
