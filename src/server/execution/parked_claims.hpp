#pragma once

// Theory of operation
//
// A claim that finds no jobs and may wait is parked: its request and its reply are kept. After the requests of each
// group, before the commit, the writer retries the parked claims of the workflows in which that group made jobs ready,
// oldest first, until no job is ready. So one new job costs one claim, however many are waiting, and a claim gets its
// response with the commit that made its jobs ready. A claim that gets nothing although jobs are ready (they do not
// fit) stays parked, and others with the same request are not tried in that pass. The number of retries per group is
// limited; the rest is retried with the next group, which then follows at once.

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

  /// @param response  The response to send at its deadline; has `hold`.
  void add(Task task, Response response);

  bool empty() const { return m_claims.empty(); }
  bool wait_for(Id workflow_id) const { return m_by_workflow.contains(workflow_id); }
  /// The earliest deadline.
  std::optional<Clock::time_point> deadline() const;

  /// Removes claims whose deadline has passed, and returns their responses.
  std::vector<Answer> take_due(Clock::time_point now);
  std::vector<Answer> take_all();

  /// The oldest claim of the workflow from number `from` on whose client is still connected; nothing after the last.
  std::optional<std::uint64_t> next(Id workflow_id, std::uint64_t from);
  const Task& task(std::uint64_t number) const { return m_claims.at(number).task; }
  /// The (workflow, compute node) pairs of all claims whose clients are still connected.
  std::set<std::pair<Id, Id>> nodes() const;
  /// Removes a claim, which gets `response`.
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
