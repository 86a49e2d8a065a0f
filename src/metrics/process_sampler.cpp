#include "torc/metrics/process_sampler.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <unordered_map>

#include "metrics/job_meter.hpp"
#include "metrics/process_stat.hpp"
#include "torc/base/error.hpp"

// Theory of operation
//
// The CPU time of a job is the sum over its living processes, each including the time of children that it has reaped,
// plus the carried time: that of ended processes whose time no parent in the job has taken over. When a process
// disappears, its time is owed by its nearest living ancestor in the job, whose count for its children should grow by
// that amount. If it has not grown by the pass after the next one, the time is carried. Two passes are needed, because
// a parent is read before its child (it has the lower pid), so that the child may be reaped between these two reads.
//
// Reading a process is much more expensive than listing it. A process that belongs to no job never joins one, so it is
// not read again. It is recognized by the inode of its directory in /proc, which differs if the pid is reused.

namespace torc::metrics {
namespace {

/// After this many passes all processes are read again, in case inodes behave differently on some kernel, and because
/// the owner of an orphan may be known by now.
constexpr std::uint64_t k_passes_between_full_reads = 32;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// A process that belongs to no job.
struct Stranger {
  pid_t pid{0};
  ino_t inode{0};

  friend bool operator==(const Stranger&, const Stranger&) = default;
};

/// A process as read by the current pass.
struct Entry {
  ProcessStat stat{};
  ino_t inode{0};
  std::optional<pid_t> leader{};  ///< Leader of its job; 0: no job; no value: not determined yet.
};

/// A process of a job.
struct Member {
  ProcessStat stat{};
  pid_t leader{0};
  std::uint64_t pass{0};             ///< The last pass that read it.
  std::uint64_t children_before{0};  ///< Its children_ticks at the previous pass.
  std::uint64_t owed_before{0};      ///< Missing growth of children_ticks from the previous pass.
  std::uint64_t owed{0};             ///< Missing growth from the current pass.
};

struct Job {
  JobMeter meter;
  std::uint64_t carried{0};
  // Sums over its members, recomputed by each pass.
  std::uint64_t living{0};
  std::int64_t pages{0};
  std::int64_t processes{0};

  std::uint64_t ticks() const { return carried + living; }
};

std::optional<pid_t> pid_of(const char* name) {
  pid_t pid = 0;
  const char* end = name + std::strlen(name);
  const auto [stop, error] = std::from_chars(name, end, pid);
  return error == std::errc{} && stop == end ? std::optional(pid) : std::nullopt;
}

/// Subtracts the smaller of both from each.
void settle(std::uint64_t& owed, std::uint64_t& growth) {
  const std::uint64_t covered = std::min(owed, growth);
  owed -= covered;
  growth -= covered;
}

}  // namespace

struct ProcessSampler::Impl {
  explicit Impl(OrphanOwner owner) : owner_of(std::move(owner)), directory(::opendir("/proc")) {
    if (!directory) {
      throw base::SystemError("cannot read /proc, which is needed to measure the resource usage of jobs");
    }
  }

  void read_entries();
  pid_t leader_of(Entry& entry);
  Entry* find_entry(pid_t pid);
  void take(const ProcessStat& stat, pid_t leader);
  void take_gone(std::optional<pid_t> only_of);
  void pass_on(const Member& gone_member);
  void add_up(Member& member);
  void clear_sums();
  void reread(pid_t leader);

  OrphanOwner owner_of;
  std::unique_ptr<DIR, CloseDirectory> directory;
  pid_t self{::getpid()};
  std::int64_t page_bytes{::sysconf(_SC_PAGESIZE)};
  std::uint64_t pass{0};
  std::map<pid_t, Job> jobs;
  std::unordered_map<pid_t, Member> members;
  // Members only to reuse their memory.
  std::unordered_map<pid_t, Member> gone;
  std::vector<Entry> entries;            ///< Ordered by pid.
  std::vector<Stranger> strangers;       ///< From the previous pass, ordered by pid.
  std::vector<Stranger> next_strangers;  ///< From the current pass.
  std::vector<JobUsage> usages;
};

/// Lists /proc, and reads each process except known strangers.
void ProcessSampler::Impl::read_entries() {
  entries.clear();
  next_strangers.clear();
  if (pass % k_passes_between_full_reads == 0) {
    strangers.clear();
  }
  const auto by_pid = [](const auto& left, const auto& right) { return left.pid < right.pid; };
  ::rewinddir(directory.get());
  while (const dirent* entry = ::readdir(directory.get())) {
    const auto pid = pid_of(entry->d_name);
    if (!pid) {
      continue;
    }
    const Stranger found{.pid = *pid, .inode = entry->d_ino};
    const auto known = std::lower_bound(strangers.begin(), strangers.end(), found, by_pid);
    if (known != strangers.end() && *known == found && !jobs.contains(*pid)) {
      next_strangers.push_back(found);
    } else if (const auto stat = read_process_stat(::dirfd(directory.get()), *pid)) {
      entries.push_back({.stat = *stat, .inode = entry->d_ino});
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const Entry& left, const Entry& right) { return left.stat.pid < right.stat.pid; });
}

Entry* ProcessSampler::Impl::find_entry(pid_t pid) {
  const auto it = std::lower_bound(entries.begin(), entries.end(), pid,
                                   [](const Entry& entry, pid_t wanted) { return entry.stat.pid < wanted; });
  return it != entries.end() && it->stat.pid == pid ? &*it : nullptr;
}

pid_t ProcessSampler::Impl::leader_of(Entry& entry) {
  if (entry.leader) {
    return *entry.leader;
  }
  entry.leader = 0;  // Also ends cycles, which are possible if pids are reused during a pass.
  const ProcessStat& stat = entry.stat;
  const auto known = members.find(stat.pid);
  pid_t leader = 0;
  if (jobs.contains(stat.pid)) {
    leader = stat.pid;
  } else if (known != members.end() && known->second.stat.start_ticks == stat.start_ticks) {
    leader = known->second.leader;
  } else if (jobs.contains(stat.session)) {
    leader = stat.session;
  } else if (stat.parent == self) {
    leader = owner_of ? owner_of(stat.pid) : 0;
  } else if (Entry* parent = find_entry(stat.parent)) {
    leader = leader_of(*parent);
  }
  entry.leader = jobs.contains(leader) ? leader : 0;
  return *entry.leader;
}

/// Records the data of a job's process from the current pass.
void ProcessSampler::Impl::take(const ProcessStat& stat, pid_t leader) {
  auto [it, is_new] = members.try_emplace(stat.pid);
  Member& member = it->second;
  if (!is_new && (member.stat.start_ticks != stat.start_ticks || member.leader != leader)) {
    gone.insert_or_assign(stat.pid, member);  // The pid was reused.
    member = {};
  }
  member.children_before = member.stat.children_ticks;
  member.stat = stat;
  member.leader = leader;
  member.pass = pass;
}

/// Removes members, of all jobs or of one, that this pass did not find, and passes on their CPU time.
void ProcessSampler::Impl::take_gone(std::optional<pid_t> only_of) {
  for (auto it = members.begin(); it != members.end();) {
    if (it->second.pass != pass && (!only_of || it->second.leader == *only_of)) {
      gone.insert_or_assign(it->first, it->second);
      it = members.erase(it);
    } else {
      ++it;
    }
  }
  for (const auto& [pid, member] : gone) {
    pass_on(member);
  }
  gone.clear();
}

void ProcessSampler::Impl::pass_on(const Member& gone_member) {
  const auto job = jobs.find(gone_member.leader);
  if (job == jobs.end()) {
    return;
  }
  const std::uint64_t ticks = gone_member.stat.ticks() + gone_member.owed + gone_member.owed_before;
  pid_t ancestor = gone_member.stat.parent;
  for (std::size_t steps = 0; steps < gone.size(); ++steps) {
    const auto it = gone.find(ancestor);
    if (it == gone.end() || members.contains(ancestor)) {
      break;
    }
    ancestor = it->second.stat.parent;
  }
  const auto heir = members.find(ancestor);
  if (heir != members.end() && heir->second.leader == gone_member.leader) {
    heir->second.owed += ticks;
  } else {
    job->second.carried += ticks;
  }
}

void ProcessSampler::Impl::clear_sums() {
  for (auto& [leader, job] : jobs) {
    job.living = 0;
    job.pages = 0;
    job.processes = 0;
  }
}

/// Adds a member to the sums of its job. Growth that is still missing from the last pass will not come, so it is
/// carried.
void ProcessSampler::Impl::add_up(Member& member) {
  Job& job = jobs.at(member.leader);
  const ProcessStat& stat = member.stat;
  std::uint64_t growth = stat.children_ticks - std::min(stat.children_ticks, member.children_before);
  settle(member.owed_before, growth);
  settle(member.owed, growth);
  job.carried += member.owed_before;
  member.owed_before = member.owed;
  member.owed = 0;
  job.living += stat.ticks() + member.owed_before;
  if (!stat.zombie()) {
    job.pages += stat.resident_pages;
    ++job.processes;
  }
}

/// Reads the known members of one job again.
void ProcessSampler::Impl::reread(pid_t leader) {
  for (auto& [pid, member] : members) {
    if (member.leader != leader) {
      continue;
    }
    const auto stat = read_process_stat(::dirfd(directory.get()), pid);
    if (stat && stat->start_ticks == member.stat.start_ticks) {
      take(*stat, leader);
    }
  }
}

ProcessSampler::ProcessSampler(OrphanOwner owner_of) : m_impl(std::make_unique<Impl>(std::move(owner_of))) {}

ProcessSampler::~ProcessSampler() = default;

void ProcessSampler::add(pid_t leader, Clock::time_point started) {
  m_impl->jobs.insert_or_assign(leader, Job{.meter = JobMeter(started)});
  // So that `finish` knows the leader even if there is no pass before it.
  if (const auto stat = read_process_stat(::dirfd(m_impl->directory.get()), leader)) {
    m_impl->take(*stat, leader);
  }
}

const std::vector<JobUsage>& ProcessSampler::sample(Clock::time_point now) {
  Impl& impl = *m_impl;
  ++impl.pass;
  impl.read_entries();
  for (Entry& entry : impl.entries) {
    if (const pid_t leader = impl.leader_of(entry); leader != 0) {
      impl.take(entry.stat, leader);
    } else {
      impl.next_strangers.push_back({.pid = entry.stat.pid, .inode = entry.inode});
    }
  }
  std::sort(impl.next_strangers.begin(), impl.next_strangers.end(),
            [](const Stranger& left, const Stranger& right) { return left.pid < right.pid; });
  impl.strangers.swap(impl.next_strangers);
  impl.take_gone(std::nullopt);
  impl.clear_sums();
  for (auto& [pid, member] : impl.members) {
    impl.add_up(member);
  }
  impl.usages.clear();
  for (auto& [leader, job] : impl.jobs) {
    job.meter.record_sample(job.ticks(), job.pages * impl.page_bytes, job.processes, now);
    impl.usages.push_back(job.meter.usage(leader));
  }
  return impl.usages;
}

JobSummary ProcessSampler::finish(pid_t leader, Clock::time_point now) {
  Impl& impl = *m_impl;
  const auto job = impl.jobs.find(leader);
  if (job == impl.jobs.end()) {
    return {};
  }
  ++impl.pass;
  impl.reread(leader);
  impl.take_gone(leader);
  job->second.living = 0;
  for (auto& [pid, member] : impl.members) {
    if (member.leader == leader) {
      impl.add_up(member);
    }
  }
  const JobSummary summary = job->second.meter.finish(job->second.ticks(), now);
  std::erase_if(impl.members, [&](const auto& entry) { return entry.second.leader == leader; });
  impl.jobs.erase(job);
  return summary;
}

}  // namespace torc::metrics
