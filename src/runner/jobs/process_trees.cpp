#include "runner/jobs/process_trees.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace torc::runner {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds k_leftover_grace{2'000};
/// Most trees end at once. Each sweep reads all of /proc, so the sweeps of a tree that uses its grace period become
/// less frequent.
constexpr milliseconds k_first_sweep{20};
constexpr milliseconds k_last_sweep{500};

bool group_exists(pid_t leader) {
  return ::kill(-leader, 0) == 0 || errno == EPERM;
}

}  // namespace

ProcessTrees::ProcessTrees(int signal, std::function<void(pid_t leader)> kill_more)
    : m_signal(signal), m_kill_more(std::move(kill_more)) {}

void ProcessTrees::started(pid_t leader, const JobKey& key) {
  m_running[leader] = key;
  // The leader may have the reused pid of an orphan that is gone.
  m_orphans.erase(leader);
}

void ProcessTrees::leader_ended(pid_t leader) {
  if (const auto it = m_ending.find(leader); it != m_ending.end()) {
    it->second.leader_reaped = true;
    return;
  }
  if (const auto it = m_running.find(leader); it != m_running.end()) {
    m_just_ended.insert(*it);
    m_running.erase(it);
  }
}

void ProcessTrees::end(pid_t leader, milliseconds grace) {
  const auto kill_at = Clock::now() + grace;
  if (const auto it = m_ending.find(leader); it != m_ending.end()) {
    it->second.kill_at = std::min(it->second.kill_at, kill_at);
    return;
  }
  const auto it = m_running.find(leader);
  if (it == m_running.end()) {
    return;
  }
  m_ending[leader] = {.key = it->second, .kill_at = kill_at, .signal = m_signal};
  m_running.erase(it);
}

void ProcessTrees::kill_all() {
  const auto now = Clock::now();
  for (auto& [leader, ending] : m_ending) {
    ending.kill_at = std::min(ending.kill_at, now);
  }
}

std::optional<ProcessTrees::Clock::time_point> ProcessTrees::reap() {
  find_leftovers();
  if (m_ending.empty()) {
    return std::nullopt;
  }
  const auto now = Clock::now();
  sweep(now);
  if (m_ending.empty()) {
    return std::nullopt;
  }
  auto next = Clock::time_point::max();
  for (const auto& [leader, ending] : m_ending) {
    const auto waited = std::chrono::duration_cast<milliseconds>(now - ending.began);
    const auto pause = now >= ending.kill_at ? k_first_sweep : std::clamp(waited / 10, k_first_sweep, k_last_sweep);
    next = std::min(next, now + pause);
    if (now < ending.kill_at) {
      next = std::min(next, ending.kill_at);
    }
  }
  return next;
}

std::optional<ProcessTrees::Clock::time_point> ProcessTrees::next_kill(Clock::time_point now) const {
  std::optional<Clock::time_point> next;
  for (const auto& [leader, ending] : m_ending) {
    if (now < ending.kill_at || !ending.killed_more) {
      next = std::min(next.value_or(ending.kill_at), ending.kill_at);
    }
  }
  return next;
}

/// Runs for each job that ends, so it does not read all of /proc if no processes were left.
void ProcessTrees::find_leftovers() {
  if (m_just_ended.empty()) {
    return;
  }
  std::set<JobKey> with_orphans;
  std::unordered_map<pid_t, std::optional<JobKey>> orphans;
  for (const pid_t child : proc::children_of_this_process()) {
    if (!m_running.contains(child) && !m_ending.contains(child)) {
      const auto& key = key_of_orphan(child);
      if (key) {
        with_orphans.insert(*key);
      }
      orphans[child] = key;
    }
  }
  m_orphans = std::move(orphans);
  for (const auto& [leader, key] : m_just_ended) {
    if (group_exists(leader) || with_orphans.contains(key)) {
      m_ending[leader] = {
          .key = key, .leader_reaped = true, .kill_at = Clock::now() + k_leftover_grace, .signal = SIGTERM};
    }
  }
  m_just_ended.clear();
}

void ProcessTrees::sweep(Clock::time_point now) {
  Snapshot snapshot{.all = proc::all_processes(), .by_pid = {}, .leader_of = {}};
  for (const auto& process : snapshot.all) {
    snapshot.by_pid[process.pid] = &process;
  }
  for (auto& [leader, ending] : m_ending) {
    if (m_kill_more && now >= ending.kill_at && !std::exchange(ending.killed_more, true)) {
      m_kill_more(leader);
    }
  }
  std::set<pid_t> present;
  for (const auto& process : snapshot.all) {
    const auto it = m_ending.find(leader_of(process.pid, snapshot));
    if (it == m_ending.end()) {
      continue;
    }
    auto& [leader, ending] = *it;
    if (process.zombie) {
      if (process.parent == ::getpid() && process.pid != leader) {
        proc::reap_orphan(process.pid);
      }
      continue;  // A zombie whose parent is alive is reaped by the parent.
    }
    present.insert(leader);
    if (now >= ending.kill_at) {
      ::kill(process.pid, SIGKILL);
    } else if (ending.signaled.insert(process.pid).second) {
      ::kill(process.pid, ending.signal);
      ::kill(process.pid, SIGCONT);  // A stopped process handles the signal only after SIGCONT.
    }
  }
  std::erase_if(m_ending,
                [&](const auto& entry) { return entry.second.leader_reaped && !present.contains(entry.first); });
}

pid_t ProcessTrees::leader_of(pid_t pid, Snapshot& snapshot) {
  const auto [memo, is_new] = snapshot.leader_of.try_emplace(pid, 0);
  if (!is_new) {
    return memo->second;  // Also ends cycles, which a snapshot can have if pids were reused meanwhile.
  }
  const auto it = snapshot.by_pid.find(pid);
  if (it == snapshot.by_pid.end()) {
    return 0;
  }
  const proc::ProcessEntry& process = *it->second;
  pid_t leader = 0;
  if (m_ending.contains(process.session) || m_running.contains(process.session)) {
    leader = process.session;
  } else if (process.parent == ::getpid()) {
    leader = leader_by_environment(pid);
  } else {
    leader = leader_of(process.parent, snapshot);
  }
  snapshot.leader_of[pid] = leader;
  return leader;
}

pid_t ProcessTrees::leader_by_environment(pid_t orphan) {
  const auto& key = key_of_orphan(orphan);
  if (!key) {
    return 0;
  }
  for (const auto& [leader, ending] : m_ending) {
    if (ending.key == *key) {
      return leader;
    }
  }
  return 0;
}

const std::optional<JobKey>& ProcessTrees::key_of_orphan(pid_t orphan) {
  const auto it = m_orphans.find(orphan);
  if (it != m_orphans.end()) {
    return it->second;
  }
  return m_orphans[orphan] = job_key_in(proc::environment_of(orphan));
}

}  // namespace torc::runner
