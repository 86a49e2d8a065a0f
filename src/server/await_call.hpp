#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace torc::server {

namespace detail {

template <typename Handler, typename T>
struct PendingCall {
  /// Asio forbids resuming the coroutine from within the call that suspends it, so this posts.
  void resume_later(std::shared_ptr<PendingCall> self, std::exception_ptr failure) {
    const auto executor = boost::asio::get_associated_executor(resume);
    boost::asio::post(executor, [self = std::move(self), failure = std::move(failure)] {
      std::move(self->resume)(failure, std::move(self->early).value_or(T{}));
    });
  }

  Handler resume;
  std::optional<T> early{};  ///< Came while the function was still starting.
  bool started{false};
};

}  // namespace detail

/// Awaits a function that answers through a callback: `co_await await_call<T>(start)` calls `start(done)` and resumes
/// with the value that `done` is called with, once, at once or later, in the coroutine's thread. What `start` throws is
/// thrown in the coroutine; then `done` must not be called any more.
///
/// `done` alone keeps the suspended coroutine alive: if it is destroyed uncalled, the coroutine is destroyed too.
template <typename T, typename Start>
boost::asio::awaitable<T> await_call(Start start) {
  auto initiate = [start = std::move(start)](auto handler) mutable {
    using Call = detail::PendingCall<decltype(handler), T>;
    const auto call = std::make_shared<Call>(Call{std::move(handler)});
    try {
      start([call](T value) {
        if (call->started) {
          std::move(call->resume)(std::exception_ptr{}, std::move(value));
        } else {
          call->early = std::move(value);
        }
      });
      call->started = true;
      if (call->early) {
        call->resume_later(call, nullptr);
      }
    } catch (...) {
      call->resume_later(call, std::current_exception());
    }
  };
  return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(std::exception_ptr, T)>(
      std::move(initiate), boost::asio::use_awaitable);
}

}  // namespace torc::server
