#include "runner/loop/worker_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>

#include <fmt/format.h>

#include "torc/base/error.hpp"
#include "torc/base/file.hpp"
#include "torc/base/file_lock.hpp"
#include "torc/base/log.hpp"
#include "torc/base/strings.hpp"
#include "torc/proc/guardian.hpp"
#include "torc/proc/process_info.hpp"

namespace torc::runner {

namespace {

constexpr unsigned k_private = 0600;

/// Creates the directory and its missing parents, accessible to this user only, and restricts access to a directory
/// that an older torc created.
/// @throws base::Error
void make_private_directory(const std::filesystem::path& directory) {
  std::filesystem::path made;
  for (const auto& part : directory) {
    made /= part;
    if (::mkdir(made.c_str(), S_IRWXU) != 0 && errno != EEXIST && !std::filesystem::is_directory(made)) {
      throw base::SystemError("cannot create the state directory " + made.string());
    }
  }
  if (::chmod(directory.c_str(), S_IRWXU) != 0) {
    throw base::SystemError("cannot restrict access to " + directory.string());
  }
}

}  // namespace

std::optional<WorkerIdentity> worker_identity_from_environment() {
  WorkerIdentity identity;
  identity.key = base::env_or("TORC_WORKER_KEY");
  if (identity.key.empty()) {
    return std::nullopt;
  }
  identity.address = base::env_or("TORC_WORKER_ADDRESS", identity.key);
  identity.state_directory = base::env_or("TORC_WORKER_STATE");
  if (!identity.state_directory.starts_with('/')) {
    throw base::Error("TORC_WORKER_KEY is set, but TORC_WORKER_STATE is not an absolute path");
  }
  const std::string ready = base::env_or("TORC_WORKER_READY_FD");
  if (!ready.empty()) {
    const auto fd = base::parse_int(ready);
    if (!fd || *fd <= STDERR_FILENO || *fd > 1'000'000 || ::fcntl(static_cast<int>(*fd), F_GETFD) < 0) {
      throw base::Error("TORC_WORKER_READY_FD is not an open file descriptor: '" + ready + "'");
    }
    identity.ready_fd = static_cast<int>(*fd);
  }
  return identity;
}

WorkerState::WorkerState(const WorkerIdentity& identity)
    : m_directory(identity.state_directory), m_ready(identity.ready_fd) {
  if (m_ready) {
    ::fcntl(m_ready.get(), F_SETFD, FD_CLOEXEC);
  }
  make_private_directory(m_directory);
  const auto lock = m_directory / "lock";
  m_lock = base::lock_file(lock, identity.lock_timeout);
  if (!m_lock) {
    throw base::Error(fmt::format("a runner of worker {} is already running: {} holds {}; stop it first",
                                  identity.address, base::lock_holder(lock), lock.string()));
  }
  record_process();
}

void WorkerState::record_process() const {
  const auto file = m_directory / "worker";
  if (!std::filesystem::exists(file)) {
    return;  // This runner was not started by the script.
  }
  std::string text;
  if (const pid_t guardian = proc::guardian(); guardian > 0) {
    text = fmt::format("guardian_pid={}\nguardian_ticks={}\n", guardian, proc::start_ticks(guardian).value_or(0));
  }
  for (const auto& line : base::split_lines(base::read_file(file))) {
    if (!line.starts_with("pid=") && !line.starts_with("start_ticks=") && !line.starts_with("guardian_")) {
      text += line + '\n';
    }
  }
  const pid_t pid = ::getpid();
  base::write_file_atomically(
      file, fmt::format("pid={}\nstart_ticks={}\n{}", pid, proc::start_ticks(pid).value_or(0), text), k_private);
}

void WorkerState::record_end(const std::string& reason, int exit_status, std::int64_t requeued) const {
  using std::chrono::system_clock;
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock::now().time_since_epoch()).count();
  try {
    base::write_file_atomically(
        m_directory / "ended",
        fmt::format("reason={}\nexit={}\ntime={}\ngiven_back={}\n", reason, exit_status, now, requeued), k_private);
  } catch (const base::Error& failure) {
    base::log_warning("cannot record how this worker ended: {}", failure.what());
  }
}

void WorkerState::report_ready() {
  if (!m_ready) {
    return;
  }
  try {
    base::write_all(m_ready.get(), "ready\n");
  } catch (const base::SystemError&) {
    // The process that started this runner no longer listens.
  }
  m_ready.reset();
}

nlohmann::json worker_scheduler(const WorkerIdentity& identity) {
  return {{"type", "ssh"},
          {"worker", identity.address},
          {"boot_id", proc::boot_id()},
          {"start_ticks", proc::start_ticks(::getpid()).value_or(0)}};
}

}  // namespace torc::runner
