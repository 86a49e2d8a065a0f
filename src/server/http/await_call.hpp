#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include "server/http/network.hpp"

namespace torc::server {

/// A call that a coroutine awaits, as seen by the code that ends the coroutine's thread.
class AwaitedCall {
 public:
  AwaitedCall() = default;
  AwaitedCall(const AwaitedCall&) = delete;
  AwaitedCall& operator=(const AwaitedCall&) = delete;

  /// Destroys the waiting coroutine, in this thread. A later result is ignored.
  virtual void abandon() noexcept = 0;

 protected:
  ~AwaitedCall() = default;
};

namespace detail {

/// A call whose result one coroutine awaits.
template <typename T>
struct PendingCall final : AwaitedCall {
  using Handler = typename boost::asio::async_result<UseAwaitable, void(T)>::handler_type;

  void finish(T value) {
    if (resume) {
      // The handler may destroy this object's last owner, so it must not run from within it.
      auto handler = std::move(*std::exchange(resume, std::nullopt));
      std::move(handler)(std::move(value));
    } else {
      early = std::move(value);
    }
  }

  void abandon() noexcept override { std::exchange(resume, std::nullopt); }

  std::optional<T> early{};         ///< The result, if it arrived before the coroutine was suspended.
  std::optional<Handler> resume{};  ///< Holds the suspended coroutine.
};

/// Destroys a call that will never get a result. Any thread may drop the last reference, but the coroutine that the
/// call still holds must be destroyed in its executor's thread.
template <typename T>
struct DropCall {
  void operator()(PendingCall<T>* call) const noexcept {
    std::unique_ptr<PendingCall<T>> owned{call};
    if (!owned->resume) {
      return;
    }
    try {
      boost::asio::post(executor, [owned = std::move(owned)] {});
    } catch (...) {
      owned.release();  // Out of memory; a leak is better than a coroutine destroyed in the wrong thread.
    }
  }

  NetworkExecutor executor;
};

}  // namespace detail

/// Awaits a function that returns its result through a callback: `co_await await_call<T>(awaited, start)` calls
/// `start(done)` and continues, in the coroutine's thread, with the value that is passed to `done`, which must be
/// called once, at once or later. An exception of `start` is thrown to the awaiting coroutine.
///
/// `done` alone keeps the suspended coroutine alive: if it is destroyed without a call, by any thread, the coroutine is
/// destroyed in its own thread. That thread's context must still exist then; before destroying the context, `abandon`
/// the calls in `awaited`.
///
/// @param awaited  Receives the call. It must live as long as the coroutine.
template <typename T, typename Start>
Awaitable<T> await_call(std::weak_ptr<AwaitedCall>& awaited, Start start) {
  using Call = detail::PendingCall<T>;
  std::shared_ptr<Call> call{new Call, detail::DropCall<T>{co_await boost::asio::this_coro::executor}};
  awaited = call;
  start([call](T value) { call->finish(std::move(value)); });
  if (call->early) {
    co_return std::move(*call->early);
  }
  auto suspend = [call = std::move(call)](auto handler) mutable {
    call->resume.emplace(std::move(handler));
    call.reset();
  };
  co_return co_await boost::asio::async_initiate<const UseAwaitable, void(T)>(std::move(suspend), use_awaitable);
}

}  // namespace torc::server
