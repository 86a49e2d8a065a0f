#include "server/execution/parked_claims.hpp"

namespace torc::server {

void ParkedClaims::add(Task task, Response response) {
  const auto number = ++m_last_number;
  const auto hold = response.hold.value();
  const auto deadline = Clock::now() + hold.time;
  m_by_workflow[hold.workflow_id].insert(number);
  m_by_deadline.emplace(deadline, number);
  m_claims.emplace(number, Claim{hold.workflow_id, std::move(task), std::move(response), deadline});
}

std::optional<ParkedClaims::Clock::time_point> ParkedClaims::deadline() const {
  return m_by_deadline.empty() ? std::nullopt : std::optional(m_by_deadline.begin()->first);
}

std::vector<Answer> ParkedClaims::take_due(Clock::time_point now) {
  std::vector<Answer> due;
  while (!m_by_deadline.empty() && m_by_deadline.begin()->first <= now) {
    const auto number = m_by_deadline.begin()->second;
    due.push_back(take(number, std::move(m_claims.at(number).response)));
  }
  return due;
}

std::vector<Answer> ParkedClaims::take_all() {
  return take_due(Clock::time_point::max());
}

std::optional<std::uint64_t> ParkedClaims::next(Id workflow_id, std::uint64_t from) {
  for (;;) {
    const auto waiting = m_by_workflow.find(workflow_id);
    if (waiting == m_by_workflow.end()) {
      return std::nullopt;
    }
    const auto it = waiting->second.lower_bound(from);
    if (it == waiting->second.end()) {
      return std::nullopt;
    }
    const auto number = *it;
    if (m_claims.at(number).task.is_wanted()) {
      return number;
    }
    remove(number);
  }
}

std::set<std::pair<Id, Id>> ParkedClaims::nodes() const {
  std::set<std::pair<Id, Id>> nodes;
  for (const auto& [number, claim] : m_claims) {
    const auto node = claim.task.is_wanted() ? claim.task.request.query_int("compute_node_id") : std::nullopt;
    if (node) {
      nodes.emplace(claim.workflow_id, *node);
    }
  }
  return nodes;
}

Answer ParkedClaims::take(std::uint64_t number, Response response) {
  Answer answer{std::exchange(m_claims.at(number).task.reply, {}), std::move(response)};
  remove(number);
  answer.response.hold.reset();
  return answer;
}

void ParkedClaims::remove(std::uint64_t number) {
  const auto it = m_claims.find(number);
  const Id workflow_id = it->second.workflow_id;
  auto& waiting = m_by_workflow.at(workflow_id);
  waiting.erase(number);
  if (waiting.empty()) {
    m_by_workflow.erase(workflow_id);
  }
  m_by_deadline.erase({it->second.deadline, number});
  m_claims.erase(it);
}

}  // namespace torc::server
