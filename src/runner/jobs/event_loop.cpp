#include "runner/jobs/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>

#include "torc/base/error.hpp"

namespace torc::runner {
namespace {

// Keys of children are ids, which are not negative.
constexpr std::uint64_t k_wake_key = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t k_timer_key = k_wake_key - 1;

base::Fd checked(int fd, const char* what) {
  if (fd < 0) {
    throw base::SystemError(what);
  }
  return base::Fd{fd};
}

void add(int epoll, int fd, std::uint64_t key, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = key;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
    throw base::SystemError("cannot watch a child process");
  }
}

}  // namespace

void EventLoop::Wake::operator()() const noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

EventLoop::EventLoop()
    : m_epoll(checked(::epoll_create1(EPOLL_CLOEXEC), "cannot create an epoll instance")),
      m_wake(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "cannot create an eventfd")),
      // steady_clock is CLOCK_MONOTONIC here (libstdc++).
      m_timer(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "cannot create a timerfd")) {
  // Edge-triggered, because nothing reads these descriptors: each request and each timeout wakes the loop once.
  add(m_epoll.get(), m_wake.get(), k_wake_key, EPOLLIN | EPOLLET);
  add(m_epoll.get(), m_timer.get(), k_timer_key, EPOLLIN | EPOLLET);
}

void EventLoop::wake_on(const std::stop_token& stop) {
  m_on_stop.emplace_back(stop, Wake{m_wake.get()});
}

void EventLoop::watch(int end_fd, std::int64_t key) {
  add(m_epoll.get(), end_fd, static_cast<std::uint64_t>(key), EPOLLIN);
}

/// Most turns of a loop wait for the same time, so the timer need not be set again.
void EventLoop::set_timer(Clock::time_point until) {
  if (until == m_timer_at) {
    return;
  }
  const auto since_boot = until.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since_boot);
  itimerspec when{};
  when.it_value.tv_sec = seconds.count();
  when.it_value.tv_nsec = std::chrono::nanoseconds(since_boot - seconds).count();
  if (::timerfd_settime(m_timer.get(), TFD_TIMER_ABSTIME, &when, nullptr) != 0) {
    throw base::SystemError("cannot set a timer");
  }
  m_timer_at = until;
}

std::vector<std::int64_t> EventLoop::wait(Clock::time_point until) {
  const bool is_over = until <= Clock::now();
  if (!is_over) {
    set_timer(until);
  }
  std::array<epoll_event, 256> events{};
  const int count = ::epoll_wait(m_epoll.get(), events.data(), static_cast<int>(events.size()), is_over ? 0 : -1);
  if (count < 0 && errno != EINTR) {
    throw base::SystemError("cannot wait for child processes");
  }
  std::vector<std::int64_t> ended;
  for (int i = 0; i < count; ++i) {
    const std::uint64_t key = events.at(static_cast<std::size_t>(i)).data.u64;
    if (key < k_timer_key) {
      ended.push_back(static_cast<std::int64_t>(key));
    }
  }
  return ended;
}

}  // namespace torc::runner
