#pragma once

// Theory of operation
//
// A claim that finds nothing and may wait is parked: what is left of it is the request and whom to answer. After the
// requests of each group, and before its commit, the writer looks at the workflows in which that group made something
// ready, and runs their parked claims again, the oldest first, until nothing is ready any more. So one new job costs
// one claim, however many wait, and a claim is answered by the commit that made its jobs ready. A claim that gets
// nothing although something is ready (it does not fit) stays, and others that ask for the same are not tried in that
// pass. One group tries so many at most; the rest is tried with the next, which then follows at once.

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "server/execution/task.hpp"

namespace torc::server {

/// Claims that wait for work. One thread, the writer's.
class ParkedClaims {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param response  What it answers when its time is up; has `hold`.
  void add(Task task, Response response);

  bool empty() const { return m_claims.empty(); }
  bool wait_for(Id workflow_id) const { return m_by_workflow.contains(workflow_id); }
  /// When the first one's time is up.
  std::optional<Clock::time_point> deadline() const;

  /// Takes those whose time is up, with their answers.
  std::vector<Answer> take_due(Clock::time_point now);
  std::vector<Answer> take_all();

  /// The oldest claim of the workflow from number `from` on that is still wanted; nothing after the last.
  std::optional<std::uint64_t> next(Id workflow_id, std::uint64_t from);
  const Task& task(std::uint64_t number) const { return m_claims.at(number).task; }
  /// Workflows and compute nodes that claims name which are still wanted.
  std::set<std::pair<Id, Id>> nodes() const;
  /// Takes one, answered with `response`.
  Answer take(std::uint64_t number, Response response);

 private:
  struct Claim {
    Id workflow_id;
    Task task;
    Response response;
    Clock::time_point deadline;
  };

  void remove(std::uint64_t number);

  std::uint64_t m_last_number{0};
  std::map<std::uint64_t, Claim> m_claims;
  std::map<Id, std::set<std::uint64_t>> m_by_workflow;
  std::set<std::pair<Clock::time_point, std::uint64_t>> m_by_deadline;
};

}  // namespace torc::server
