#pragma once

// Asio types for the network's single thread. They name the executor of its io_context, because Asio's default executor
// can hold any kind, which costs an allocation and a virtual call per completion. Includes Boost, so only network files
// may include this.

#include <chrono>
#include <utility>  // Boost 1.74's awaitable.hpp does not include what it uses.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace torc::server {

using NetworkExecutor = boost::asio::io_context::executor_type;

template <typename T>
using Awaitable = boost::asio::awaitable<T, NetworkExecutor>;

using UseAwaitable = boost::asio::use_awaitable_t<NetworkExecutor>;
inline constexpr UseAwaitable use_awaitable{};

using NetworkSocket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, NetworkExecutor>;
using NetworkTimer =
    boost::asio::basic_waitable_timer<std::chrono::steady_clock, boost::asio::wait_traits<std::chrono::steady_clock>,
                                      NetworkExecutor>;

}  // namespace torc::server
