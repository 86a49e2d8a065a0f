#include "runner/exchange/inbox.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "torc/base/units.hpp"

namespace torc::runner {

using std::chrono::seconds;

bool Room::has_place_for(const Resources& needs) const {
  return max_parallel_jobs ? running < *max_parallel_jobs : needs.fits_in(free);
}

std::optional<JobExchange::Wanted> Room::wanted() const {
  JobExchange::Wanted wanted{
      .by_count = max_parallel_jobs.has_value(), .limit = free.cpus, .free = free, .time_limit = {}};
  if (max_parallel_jobs) {
    wanted.limit = *max_parallel_jobs - running;
  }
  if (time_left) {
    wanted.time_limit = base::format_iso_duration(std::max(seconds(0), std::chrono::ceil<seconds>(*time_left)));
  }
  return wanted.limit > 0 ? std::optional(wanted) : std::nullopt;
}

void Inbox::claim(const JobExchange::Wanted& wanted) {
  auto jobs = [&] {
    const CallLimits::WithoutTimeout without_timeout(m_limits, !m_exchange.finds_lost_claims());
    return m_exchange.claim(wanted);
  }();
  m_has_claimed = true;
  // After fewer jobs than wanted there are no more until a job of this or another runner ends.
  m_may_claim = static_cast<std::int64_t>(jobs.size()) >= wanted.limit;
  add(std::move(jobs));
}

bool Inbox::find_lost_claims() {
  auto jobs = m_exchange.find_lost_claims();
  const bool any = !jobs.empty();
  add(std::move(jobs));
  return any;
}

void Inbox::requeue_front() {
  m_exchange.requeue(m_jobs.front(), /*started=*/false);
  m_jobs.pop_front();
}

void Inbox::add(std::vector<model::Job>&& jobs) {
  m_jobs.insert(m_jobs.end(), std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end()));
}

}  // namespace torc::runner
