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

// What other commands know of a workflow's tunnel: a directory with a lock, a note on its process and a socket.

namespace torc::remote {

/// The note on the process that holds a workflow's tunnel.
struct TunnelNote {
  std::int64_t pid{0};
  std::uint64_t start_ticks{0};
  std::string boot_id{};
  std::string host{};
  std::string target{};                       ///< TunnelTarget::text
  std::string id{};                           ///< TunnelSettings::id; of all tunnels that this place has had.
  std::string ended{};                        ///< Why, where it ended in order or is about to.
  bool over{false};                           ///< It is not needed any more.
  std::map<std::string, int> ports{};         ///< By `Worker::stored`; of the last tunnel that there was.
  std::map<std::string, std::string> down{};  ///< Why a worker has no forward just now, by its name.

  /// The note of this very process.
  static TunnelNote of_this_process(const TunnelTarget& target);

  /// Whether that very process runs, on this machine.
  bool is_alive() const;

  /// `over`: no runner needs it any more; `died`: it is not there, though runners may need it, also where a signal
  /// ended it; `elsewhere`: on another machine that has the same home, so its state is not known here.
  enum class State { running, elsewhere, over, died };
  State state() const;
};

/// The places of a workflow's tunnel, below the user's state directory.
class TunnelPlace {
 public:
  explicit TunnelPlace(const WorkflowRef& workflow);

  const std::filesystem::path& directory() const { return m_directory; }
  std::filesystem::path log_file() const { return m_directory / "log"; }

  /// Makes the directory, for the user alone. @throws base::SystemError
  void make() const;

  /// Nothing where there never was a tunnel, or the file says nothing.
  std::optional<TunnelNote> note() const;
  /// @throws base::SystemError
  void write(const TunnelNote& note) const;

  /// Held for the life of a tunnel's process.
  /// @throws base::Error that names the holder, if another process still holds it after base::k_lock_patience
  base::Fd take_lock() const;
  /// Held while a command looks for the tunnel and starts one; waits for others that do so.
  /// @param on_long_wait  Called once, with who holds the lock, if the wait takes longer than base::k_lock_patience.
  /// @throws base::SystemError, base::Error where a stop is requested
  base::Fd take_start_lock(const std::stop_token& stop,
                           const std::function<void(const std::string&)>& on_long_wait) const;

  /// The socket that `Tunnel::listen` takes; only for the holder of the lock. @throws base::SystemError
  base::Fd listen() const;
  /// Non-blocking. Returns an empty descriptor if there is no listener.
  base::Fd connect() const;

 private:
  std::filesystem::path m_directory;
};

/// A conversation with the process that holds a tunnel. While it lasts, the tunnel does not end by itself.
class TunnelLink {
 public:
  explicit TunnelLink(base::Fd socket) : m_socket(std::move(socket)) {}

  /// Has forwards to these workers made or confirmed, and waits until each stands or could not be made.
  /// @throws base::Error where no answer comes, or a stop is requested
  std::vector<Forward> hold(const std::vector<Worker>& workers, const SshOptions& options,
                            std::chrono::milliseconds limit, const std::stop_token& stop);

  /// The tunnel is to end once no runner of the workflow is left. @throws base::Error where no answer comes
  void end_when_idle();

 private:
  std::string ask(const std::string& request, std::chrono::milliseconds limit, const std::stop_token& stop);
  void send(const std::string& line, std::chrono::steady_clock::time_point until);

  base::Fd m_socket;
};

}  // namespace torc::remote
