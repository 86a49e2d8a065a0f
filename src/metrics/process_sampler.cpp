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
// The CPU time of a job is that of its living processes, each with what it took over from children it reaped, and what
// is carried here: the time of processes that ended without a parent in the job taking theirs over. When a process is
// gone, its nearest ancestor in the job that lives owes its time: the ancestor's own count of children should grow by
// it. Where it does not until the pass after the next, the time is carried. Two passes, because a parent is read before
// its child (it has the lower number), so that the child may be reaped between the two.
//
// Reading a process costs far more than listing it. What is nobody's stays so as long as it lives, and is known again
// by the inode of its directory in /proc, which a later process of the same number does not have.

namespace torc::metrics {
namespace {

/// After so many passes everything is read again: a kernel may keep inodes otherwise than expected, and an orphan's
/// owner may be known by now.
constexpr std::uint64_t k_passes_between_full_reads = 32;

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};

/// Not a process of any job.
struct Stranger {
  pid_t pid{0};
  ino_t inode{0};

  friend bool operator==(const Stranger&, const Stranger&) = default;
};

/// A process as this pass read it.
struct Entry {
  ProcessStat stat{};
  ino_t inode{0};
  std::optional<pid_t> leader{};  ///< Of the job it belongs to, 0 for none; nothing: not found out yet.
};

/// A process of a job.
struct Member {
  ProcessStat stat{};
  pid_t leader{0};
  std::uint64_t pass{0};             ///< That saw it last.
  std::uint64_t children_before{0};  ///< Its children_ticks at the pass before that.
  std::uint64_t owed_before{0};      ///< Since the pass before: what children_ticks should have grown by and did not.
  std::uint64_t owed{0};             ///< The same, since this pass.
};

struct Job {
  JobMeter meter;
  std::uint64_t carried{0};
  // Sums over its members, made anew at each pass.
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

/// Takes what `growth` covers of `owed` off both.
void settle(std::uint64_t& owed, std::uint64_t& growth) {
  const std::uint64_t covered = std::min(owed, growth);
  owed -= covered;
  growth -= covered;
}

}  // namespace

struct ProcessSampler::Impl {
  explicit Impl(OrphanOwner owner) : owner_of(std::move(owner)), directory(::opendir("/proc")) {
    if (!directory) {
      throw base::SystemError("cannot read /proc, which tells what jobs use");
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
  // Kept from pass to pass for their memory.
  std::unordered_map<pid_t, Member> gone;
  std::vector<Entry> entries;            ///< By pid.
  std::vector<Stranger> strangers;       ///< By pid; of the pass before.
  std::vector<Stranger> next_strangers;  ///< Of this pass.
  std::vector<JobUsage> usages;
};

/// Lists /proc, and reads each process that is not known for a stranger.
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
  entry.leader = 0;  // Ends a circle, too: numbers may be given out anew while they are read.
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

/// A process of a job, as this pass read it.
void ProcessSampler::Impl::take(const ProcessStat& stat, pid_t leader) {
  auto [it, is_new] = members.try_emplace(stat.pid);
  Member& member = it->second;
  if (!is_new && (member.stat.start_ticks != stat.start_ticks || member.leader != leader)) {
    gone.insert_or_assign(stat.pid, member);  // Another one has its number.
    member = {};
  }
  member.children_before = member.stat.children_ticks;
  member.stat = stat;
  member.leader = leader;
  member.pass = pass;
}

/// Members that this pass did not see, of all jobs or of one: what becomes of their time.
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

/// Into the sums of its job. What it owes from the last pass and did not get by now, it will never get.
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

/// Reads the known members of one job once more.
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
  // So that it is known at its end even where no pass comes before.
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
