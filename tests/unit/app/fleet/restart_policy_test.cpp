#include "app/fleet/restart_policy.hpp"

#include <gtest/gtest.h>

namespace torc::app {
namespace {

using remote::Check;
using remote::State;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Step = RestartPolicy::Step;
using Effect = RestartPolicy::StartEffect;

const RestartPolicy::Clock::time_point k_now{std::chrono::hours(1)};

std::optional<remote::WorkerState> in_state(State state) {
  return remote::WorkerState{.state = state};
}

remote::StartResult started() {
  return {.check = {.problem = Check::Problem::none}, .tried = true, .start = {.ok = true, .pid = 7}};
}

remote::StartResult not_started(const std::string& why) {
  return {.check = {.problem = Check::Problem::none}, .tried = true, .start = {.message = why}};
}

remote::StartResult refused(Check::Problem problem, const std::string& why) {
  return {.check = {.problem = problem, .message = why}};
}

TEST(RestartPolicy, StartsOnlyDeadWorkers) {
  struct Case {
    std::optional<remote::WorkerState> state;
    seconds answered_ago;
    Step expected;
  };
  const remote::WorkerState ending{.state = State::died, .ending = true};
  const std::vector<Case> cases{
      {std::nullopt, seconds(0), Step::none},
      {in_state(State::running), seconds(0), Step::none},
      {in_state(State::never_started), seconds(0), Step::none},
      {in_state(State::finished), seconds(0), Step::none},
      {in_state(State::stopped), seconds(0), Step::none},
      {in_state(State::unreachable), seconds(0), Step::none},
      {in_state(State::not_queried), seconds(0), Step::none},
      {in_state(State::died), seconds(0), Step::start},
      {in_state(State::died), seconds(5), Step::start},
      {in_state(State::died), seconds(6), Step::query},  // Another manager may have started it.
      {ending, seconds(0), Step::none},                  // Its jobs must not run twice at once.
      {ending, seconds(1), Step::query},
  };
  const RestartPolicy policy({.restart = true});
  for (const auto& each : cases) {
    EXPECT_EQ(policy.next(each.state, k_now - each.answered_ago, k_now), each.expected)
        << (each.state ? remote::to_string(each.state->state) : "unknown") << " " << each.answered_ago.count();
  }
}

TEST(RestartPolicy, QueriesADeadWorkerThatHasNotAnsweredYet) {
  // Also shortly after this machine has booted, when its steady clock is near zero.
  EXPECT_EQ(RestartPolicy({.restart = true}).next(in_state(State::died), std::nullopt, {}), Step::query);
}

TEST(RestartPolicy, DoublesThePauseBeforeEachFurtherStart) {
  RestartPolicy policy({.restart = true, .most = 10, .pause_seconds = 10});
  auto now = k_now;
  for (const int pause : {10, 20, 40, 80, 160, 320, 600, 600}) {
    EXPECT_EQ(policy.next(in_state(State::died), now, now), Step::start);
    EXPECT_EQ(policy.record_start(started(), now), Effect::restarted);
    EXPECT_EQ(policy.pause(), seconds(pause));
    EXPECT_EQ(policy.next(in_state(State::died), now, now), Step::none);
    now += seconds(pause) - milliseconds(1);
    EXPECT_EQ(policy.next(in_state(State::died), now, now), Step::none);
    now += milliseconds(1);
  }
  EXPECT_EQ(policy.restarts(), 8);
  RestartPolicy slow({.restart = true, .pause_seconds = 3'000});
  slow.record_start(started(), k_now);
  slow.record_start(started(), k_now);
  EXPECT_EQ(slow.pause(), seconds(3'000)) << "the pause of the options must not be shortened";
}

TEST(RestartPolicy, GivesUpAfterTheMaximumNumberOfRestarts) {
  RestartPolicy policy({.restart = true, .most = 2, .pause_seconds = 0});
  policy.record_start(started(), k_now);
  EXPECT_EQ(policy.record_start(not_started("no pid"), k_now), Effect::failed);
  EXPECT_EQ(policy.message(), "cannot be restarted (2 of 2): no pid");
  EXPECT_FALSE(policy.may_restart(in_state(State::died), true));
  EXPECT_EQ(policy.next(in_state(State::died), k_now, k_now), Step::give_up);
  policy.give_up("enough");
  EXPECT_EQ(policy.message(), "enough");
  EXPECT_EQ(policy.next(in_state(State::died), k_now, k_now), Step::none);
  policy.record_running();
  EXPECT_EQ(policy.message(), "");
  EXPECT_EQ(policy.next(in_state(State::died), k_now, k_now), Step::give_up) << "it died again";
}

TEST(RestartPolicy, CountsOnlyActualStarts) {
  struct Case {
    remote::StartResult result;
    Effect effect;
    std::int64_t restarts;
  };
  remote::StartResult by_somebody = started();
  by_somebody.start.already_running = true;
  const std::vector<Case> cases{
      {started(), Effect::restarted, 1},
      {not_started("no"), Effect::failed, 1},
      {by_somebody, Effect::running, 0},
      {refused(Check::Problem::unreachable, "no route"), Effect::none, 0},
      {refused(Check::Problem::tunnel, "no route"), Effect::none, 0},
      {refused(Check::Problem::canceled, ""), Effect::none, 0},
      {refused(Check::Problem::not_restartable, "it ended normally"), Effect::given_up, 0},
      {refused(Check::Problem::version, "old"), Effect::failed, 1},
      {refused(Check::Problem::server, "no answer"), Effect::failed, 1},
  };
  for (const auto& each : cases) {
    RestartPolicy policy({.restart = true});
    EXPECT_EQ(policy.record_start(each.result, k_now), each.effect) << each.result.check.message;
    EXPECT_EQ(policy.restarts(), each.restarts) << each.result.check.message;
  }
}

TEST(RestartPolicy, KnowsWhetherTheWorkerMayBeRestarted) {
  struct Case {
    std::optional<remote::WorkerState> state;
    bool has_run;
    bool expected;
  };
  const std::vector<Case> cases{
      {std::nullopt, false, true},
      {in_state(State::died), true, true},
      {in_state(State::running), true, true},
      {in_state(State::not_queried), false, true},
      {in_state(State::unreachable), true, true},
      {in_state(State::unreachable), false, false},
      {in_state(State::never_started), false, false},
      {in_state(State::finished), true, false},
      {in_state(State::stopped), true, false},
  };
  const RestartPolicy restarting({.restart = true});
  const RestartPolicy watching({.restart = false});
  for (const auto& each : cases) {
    const char* name = each.state ? remote::to_string(each.state->state) : "unknown";
    EXPECT_EQ(restarting.may_restart(each.state, each.has_run), each.expected) << name;
    EXPECT_FALSE(watching.may_restart(each.state, each.has_run)) << name;
  }
}

}  // namespace
}  // namespace torc::app
